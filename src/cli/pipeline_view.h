// Parts of the API's pipeline objects for people: shared by `pipelines`, `pipeline show` and `pipeline explain`. Pure.
#pragma once

#include <string>

#include "base/json.h"
#include "base/time.h"
#include "cli/table.h"

namespace pawl::cli {

// "cron 0 2 * * *", "webhook backup", "pipeline build (success)"
[[nodiscard]] std::string trigger_text(const Json& trigger);
// The same with all that the list has no room for.
[[nodiscard]] std::string whole_trigger_text(const Json& trigger);
// Its name, title and description, and where it comes from.
void add_origin(Facts& facts, const Json& pipeline);
// What the host's policy has against it, or against its newest version; empty for nothing.
[[nodiscard]] std::string refusal_text(const Json& pipeline);
// "a, b"
[[nodiscard]] std::string list_text(const Json& words);
// "a=1 b=x"
[[nodiscard]] std::string assignments_text(const Json& variables);
// "1h30m"; empty for null.
[[nodiscard]] std::string exact_span_text(const Json& span_ms);
// Which hosts it is for; empty for all.
[[nodiscard]] std::string hosts_text(const Json& hosts);
[[nodiscard]] std::string concurrency_text(const Json& concurrency);
[[nodiscard]] std::string param_text(const Json& param);
[[nodiscard]] std::string suspended_text(const Json& suspended, WallTime now);
// What a task comes after: "dump, ship", for a hook "on_failure" as well.
[[nodiscard]] std::string after_text(const Json& task);
// "success 3m ago (run 42)"; empty without one.
[[nodiscard]] Cell last_run_cell(const Json& run, WallTime now);

}  // namespace pawl::cli
