// When a task is ready, by what became of its upstream tasks (SPEC §1: trigger_rule). Pure; internal to core/, and
// printed as a table in docs/trigger-rules.md.
//
//   all_success  runs when all upstream tasks succeeded        skipped as soon as one failed; when all are over, else
//   none_failed  runs when all are over and none failed        skipped as soon as one failed
//   all_failed   runs when all failed                          skipped when all are over, else
//   all_done     runs when all are over; always means the same
//   one_success  runs as soon as one succeeded                 skipped when all are over, else
//   one_failed   runs as soon as one failed                    skipped when all are over, else
//   one_done     runs as soon as one succeeded or failed       skipped when all are over, else
//
// Nothing is skipped for a skip upstream while another upstream task is open: that one may still fail, and whether a failure is
// handed on must not depend on who ended first.
#pragma once

#include <cstdint>
#include <span>

#include "model/pipeline.h"

namespace pawl {

// What a task's state means for the tasks behind it.
enum class Outcome : std::uint8_t {
  kOpen,     // not over
  kSuccess,  // success; failed, where failure is allowed; not part of this run
  kFailed,   // failed, cancelled, or kept from running by a failure upstream
  kSkipped,  // skipped for any other reason
};

enum class Readiness : std::uint8_t { kWait, kRun, kSkip };

[[nodiscard]] Readiness judge_rule(TriggerRule rule, std::span<const Outcome> upstream);

// Rules that want success: what they skip because of a failure counts as failed itself, so that the failure is
// not lost on the tasks behind.
[[nodiscard]] bool hands_failure_on(TriggerRule rule);

}  // namespace pawl
