// Parts of the API's pipeline objects for people: shared by `pipelines` and `pipeline show`. Pure.
#pragma once

#include <string>

#include "base/json.h"
#include "base/time.h"
#include "cli/table.h"

namespace pawl::cli {

// "cron 0 2 * * *", "webhook backup", "pipeline build (success)"
[[nodiscard]] std::string trigger_text(const Json& trigger);
// "success 3m ago (run 42)"; empty without one.
[[nodiscard]] Cell last_run_cell(const Json& run, WallTime now);

}  // namespace pawl::cli
