// What `defaults` and a task have in common: image, caps, retries, ... (SPEC §1). One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/caps_reader.h"
#include "config/host_access_reader.h"
#include "config/image_check.h"
#include "config/reader.h"
#include "config/task_draft.h"
#include "config/variables_reader.h"
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
  const YamlNode* image = nullptr;
  Caps caps;
  std::optional<std::int64_t> kill_grace_ms;
  std::optional<std::string> network;
  std::optional<std::string> user;
  std::optional<bool> read_only;
  std::optional<bool> allow_failure;
  std::optional<std::vector<SecretUse>> secrets;
  HostAccess access;
  RetrySettings retries;
  Environment env;
};

// Reads them and checks them against the policy, so that what is over a cap is reported once, where it
// was written. The mapping's table must have the keys of `defaults`. An image with an expression is checked when it is
// resolved.
[[nodiscard]] TaskSettings read_task_settings(MappingReader& mapping, const HostConfig& host,
                                              ImageCheck& images);

// Fills in the draft: its own settings, else those of `defaults`, else the host's, else the model's.
// The model's are lowered to the host's caps.
void apply_task_settings(const TaskSettings& own, const TaskSettings& defaults,
                         const Environment& pipeline_env, const HostConfig& host,
                         ImageCheck& images, ValueReader& values, TaskDraft& draft);

}  // namespace pawl::config
