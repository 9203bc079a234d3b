// What the parts of one step share. Internal to core/.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/state.h"
#include "model/command.h"

namespace pawl {

// A run that ended in this step: what pipeline triggers want to know of it.
struct EndedRun {
  RunId id;
  std::string pipeline;
  Status status = Status::kSuccess;
  std::uint32_t depth = 0;
};

struct StepContext {
  State& state;
  WallTime wall;
  MonoTime mono;
  Commands& out;
  std::vector<EndedRun> ended{};  // not yet followed (core/chains.h)
  std::vector<TaskRef> begun{};   // given to workers
  std::set<RunId> touched{};      // a task of theirs is over (core/readiness.h: settle_touched())

  template <typename T>
  void emit(T command) {
    out.emplace_back(std::move(command));
  }
  void reply(RequestId request, Error error) {
    if (request != 0) emit(Reply{request, std::move(error), {}});
  }
};

}  // namespace pawl
