// A task of a run as a container, field by field, under the host's policy; and the names and labels by
// which pawl knows its containers again. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "model/command.h"
#include "model/host_config.h"
#include "ports/container_engine.h"

namespace pawl {

inline constexpr std::string_view kLabelInstance = "dev.pawl.instance";
inline constexpr std::string_view kLabelRun = "dev.pawl.run";
inline constexpr std::string_view kLabelPipeline = "dev.pawl.pipeline";
inline constexpr std::string_view kLabelTask = "dev.pawl.task";  // its id
inline constexpr std::string_view kLabelTaskIndex = "dev.pawl.task_index";
inline constexpr std::string_view kLabelAttempt = "dev.pawl.attempt";
// The engine's incarnation at the creation, where it could be told (task_runner.h).
inline constexpr std::string_view kLabelEngine = "dev.pawl.engine";

using Labels = std::map<std::string, std::string>;

// The environment: the task's own, then PAWL_RUN_ID, PAWL_PIPELINE, PAWL_TASK, PAWL_ATTEMPT and
// PAWL_PARAM_<NAME> (upper case); of equal names the last one counts.
[[nodiscard]] ContainerSpec container_spec(const std::string& instance_id, const RunAttempt& order);

// Whether this host lets the task run, asked again at each start: the policy may have been tightened
// since the definition was loaded. Errors: kDenied; the message names what to change, and where.
[[nodiscard]] Result<void> check_policy(const HostPolicy& policy, const Task& task);

// Which attempt of this store a container belongs to; nothing for anybody else's container.
[[nodiscard]] std::optional<AttemptKey> attempt_of(const Labels& labels,
                                                   std::string_view instance_id);

}  // namespace pawl
