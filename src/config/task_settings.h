// What `defaults` and a task have in common: image, caps, retries, ... (SPEC §1). One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/reader.h"
#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl::config {

struct RetrySettings {
  std::optional<std::uint32_t> limit;
  std::optional<std::int64_t> delay_ms;
  std::optional<std::uint32_t> backoff_percent;
  std::optional<std::int64_t> max_delay_ms;
  std::optional<RetryOn> on;
  Place place;
};

// Only what was written.
struct TaskSettings {
  std::optional<Placed<std::string>> image;
  std::optional<std::int64_t> cpus_milli;
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> pids;
  std::optional<std::int64_t> timeout_ms;
  std::optional<std::string> network;
  std::optional<std::string> user;
  std::optional<bool> read_only;
  RetrySettings retries;
  Variables env;
};

// Reads them and checks them against the host's policy, so that what is over a cap is reported
// once, where it was written. The mapping's table must have the keys of `defaults`.
[[nodiscard]] TaskSettings read_task_settings(MappingReader& mapping, const HostConfig& host);

// Fills in the task: its own settings, else those of `defaults`, else the host's, else the model's.
// The model's are lowered to the host's caps. `place` is the task's, for what is missing.
void apply_task_settings(const TaskSettings& own, const TaskSettings& defaults,
                         const Variables& pipeline_env, const HostConfig& host, Place place,
                         ValueReader& values, Task& task);

}  // namespace pawl::config
