// What a run's tasks should be doing by the pipeline language: worked out afresh from the stored records, and in another
// way than the core does it. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/model_store.h"

namespace pawl::sim {

// Texts of conditions and of an env value that the simulator's pipelines have; `%` stands for a task before.
namespace text {
inline constexpr const char* kTrue = "${{ true }}";
inline constexpr const char* kFalse = "${{ false }}";
inline constexpr const char* kBad = "${{ matches('a', format('{0}', '(')) }}";  // no regex
inline constexpr const char* kSuccess = "${{ success() }}";
inline constexpr const char* kFailure = "${{ failure() }}";
inline constexpr const char* kStatus = "${{ tasks.%.status == 'success' }}";
inline constexpr const char* kGiven = "${{ tasks.%.status }}";  // for an env
inline constexpr const char* kOutput = "${{ tasks.%.outputs.v == '1' }}";
}  // namespace text

// What the container of the task writes as its output `v`.
[[nodiscard]] std::string output_of(const AttemptKey& key);

enum class Expected : std::uint8_t {
  kWait,
  kGo,
  kSkipUpstream,
  kSkipCondition,
  kFail,  // its condition cannot be evaluated
};

// Of a task that is to be decided about now, or was before.
[[nodiscard]] Expected expected_of(const StoredRun& run, std::uint32_t task);
// All tasks but hooks are final.
[[nodiscard]] bool only_hooks_left(const StoredRun& run);
// How the run ended, hooks apart; only_hooks_left() must hold.
[[nodiscard]] Status end_of(const StoredRun& run);
[[nodiscard]] bool answers_end(const StoredRun& run, std::uint32_t hook);
[[nodiscard]] bool is_hook(const StoredRun& run, std::uint32_t task);
// The task may not go on: its run was stopped, or its run's hooks were.
[[nodiscard]] bool is_stopped(const StoredRun& run, std::uint32_t task);
// Waits for nothing but a worker: its rule and its condition let it run, and its time has come.
[[nodiscard]] bool may_start(const StoredRun& run, std::uint32_t task);
// Whether the env can be evaluated.
[[nodiscard]] bool has_bad_env(const StoredRun& run, std::uint32_t task);
// Skipped or failed from the start: none of its tasks was decided about.
[[nodiscard]] bool never_was(const StoredRun& run);
// The tasks that a run which begins with `starts` consists of; all for none.
[[nodiscard]] std::vector<bool> parts_of(const Pipeline& definition,
                                         const std::vector<std::uint32_t>& starts);

}  // namespace pawl::sim
