// What the parts of one step share. Internal to core/.
#pragma once

#include <string>
#include <utility>

#include "core/state.h"
#include "model/command.h"

namespace pawl {

struct StepContext {
  State& state;
  WallTime wall;
  MonoTime mono;
  Commands& out;

  template <typename T>
  void emit(T command) {
    out.emplace_back(std::move(command));
  }
  void reply(RequestId request, Error error) {
    if (request != 0) emit(Reply{request, std::move(error), {}});
  }
};

}  // namespace pawl
