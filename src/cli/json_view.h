// Parts of the API's objects as table cells. Pure; a missing or odd member gives an empty cell.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "cli/table.h"

namespace pawl::cli {

[[nodiscard]] WallTime time_of(const Json& value);
// "2026-03-29 01:00:00 (3m ago)"
[[nodiscard]] std::string when_text(const Json& value, WallTime now);
// From start to end, or to now while there is no end.
[[nodiscard]] std::string span_text(const Json& started, const Json& ended, WallTime now);
// Of a run, task or attempt.
[[nodiscard]] Cell status_cell(const Json& subject);
// "exit_code: the command ended with 3"; also a retry or an end to come, and output that
// is missing.
[[nodiscard]] std::string reason_text(const Json& subject, WallTime now);
// A run's or pipeline's tasks, each below what it waits for, hooks last. Into `run`.
[[nodiscard]] std::vector<const Json*> tasks_in_dag_order(const Json& run);
// The first 12 digits of a commit.
[[nodiscard]] std::string short_revision(const Json& revision);

}  // namespace pawl::cli
