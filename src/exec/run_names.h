// The names by which pawl knows again what a run has in the engine besides its tasks' containers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace pawl {

inline constexpr std::string_view kLabelSandbox = "dev.pawl.sandbox";  // its network
inline constexpr std::string_view kSandboxRepository = "pawl-sandbox";

// "pawl-<instance>-<run>": the volume that the tasks of a run share, where none was ready-made.
[[nodiscard]] std::string workspace_name(const std::string& instance_id, RunId run);
// "pawl-<instance>-<run>-sandbox"; of further networks, with "-<network>" behind it.
[[nodiscard]] std::string sandbox_name(const std::string& instance_id, RunId run);
[[nodiscard]] std::optional<RunId> run_of_sandbox(const std::string& instance_id,
                                                  std::string_view name);

// Of a sandbox that waits for its run: "pawl-<instance>-warm-<token>", both.
[[nodiscard]] std::string warm_name(const std::string& instance_id, const std::string& token);
[[nodiscard]] bool is_warm_name(const std::string& instance_id, std::string_view name);

}  // namespace pawl
