// The ${{ }} of a run's texts, over what the core knows of it. Pure; internal to core/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/state.h"

namespace pawl {

// Whether the task's `when` lets it run; true where there is none. Errors: kInvalid, kTooLarge.
[[nodiscard]] Result<bool> condition_holds(const State& state, const RunEntry& run,
                                           std::uint32_t task);

struct EvaluatedTask {
  Variables env;
  std::vector<std::string> command;
};

// What attempt number `attempt` of the task is given. Errors: kInvalid, kTooLarge; the message names the text.
[[nodiscard]] Result<EvaluatedTask> evaluate_task(const State& state, const RunEntry& run,
                                                  std::uint32_t task, std::uint32_t attempt);

}  // namespace pawl
