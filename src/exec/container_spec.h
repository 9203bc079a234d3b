// A task of a run as a container, field by field; and the names and labels by
// which pawl knows its containers again. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "model/command.h"
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

// What the container finds where.
inline constexpr std::string_view kWorkspacePath = "/workspace";
inline constexpr std::string_view kOutputPath = "/run/pawl/output";

using Labels = std::map<std::string, std::string>;

// The environment: the task's own, then PAWL_RUN_ID, PAWL_PIPELINE, PAWL_TASK, PAWL_ATTEMPT, PAWL_WORKSPACE,
// PAWL_PARAM_<NAME> and PAWL_MATRIX_<AXIS> (upper case, "_" for what no variable's name has), PAWL_RUN_STATUS
// for a hook, PAWL_OUTPUT where the task declares outputs; of equal names the last one counts.
// Of the mounts the host's only; pawl's own: see complete() and file_mount().
[[nodiscard]] ContainerSpec container_spec(const std::string& instance_id, const RunAttempt& order);

// A file of this host in the container.
[[nodiscard]] Mount file_mount(const std::string& source, const std::string& target,
                               bool read_only);
// What is known only once the container is created: its run's workspace, the container whose network it joins (or empty), and
// the engine's incarnation (or empty).
void complete(ContainerSpec& spec, const std::string& workspace, const std::string& join,
              const std::string& engine);

// Adds a variable, or gives it another value; pawl's own keep theirs.
void set_task_variable(ContainerSpec& spec, const std::string& name, std::string value);

// Which attempt of this store a container belongs to; nothing for anybody else's container.
[[nodiscard]] std::optional<AttemptKey> attempt_of(const Labels& labels,
                                                   std::string_view instance_id);
// Likewise which run a workspace belongs to.
[[nodiscard]] std::optional<RunId> run_of(const Labels& labels, std::string_view instance_id);

}  // namespace pawl
