// A pipeline's definition, as config/ hands it over: complete, checked and with every default
// filled in. Immutable once built; shared read-only between the core, the worker pool and the API
// as PipelinePtr. Values; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "model/cron.h"
#include "model/limits.h"
#include "model/zone.h"

namespace pawl {

// In the order written; names are unique.
using Variables = std::vector<std::pair<std::string, std::string>>;

enum class ParamType : std::uint8_t { kString, kInteger, kNumber, kBoolean };

struct Param {
  std::string name;  // [A-Za-z_][A-Za-z0-9_]*
  ParamType type = ParamType::kString;
  std::vector<std::string> allowed;     // SPEC: enum; empty = anything of the type
  std::optional<std::string> fallback;  // SPEC: default; without one the value must be given
  bool operator==(const Param&) const = default;
};

// Which failures are tried again (SPEC: retries.on). kFailed covers exit codes, images and engine.
struct RetryOn {
  bool failed = true;
  bool timeout = false;
  bool oom = false;
  bool lost = true;
  bool operator==(const RetryOn&) const = default;
};

struct RetryPolicy {
  std::uint32_t limit = 0;  // attempts after the first
  std::int64_t delay_ms = limits::kRetryDelayMs;
  std::uint32_t backoff_percent = 200;  // each delay is this much of the one before
  std::int64_t max_delay_ms = limits::kRetryMaxDelayMs;
  RetryOn on;
  bool operator==(const RetryPolicy&) const = default;
};

struct Task {
  std::string id;  // unique in the pipeline; rule of names
  std::string image;
  std::vector<std::string> command;     // argv; empty: the image's own command
  std::vector<std::uint32_t> upstream;  // indexes into Pipeline::tasks, rising, unique
  Variables env;                        // pipeline's, then defaults', then the task's own, merged
  std::int64_t cpus_milli = limits::kDefaultCpusMilli;
  std::int64_t memory_bytes = limits::kDefaultMemoryBytes;
  std::int64_t pids = limits::kDefaultPids;
  std::int64_t timeout_ms = limits::kDefaultTaskTimeoutMs;
  RetryPolicy retries;
  std::string network = "none";
  std::string user = "65534";
  bool read_only = true;
  bool operator==(const Task&) const = default;
};

struct CronTrigger {
  CronSchedule schedule;
  Zone zone;
  bool operator==(const CronTrigger&) const = default;
};

struct WebhookTrigger {
  std::string path;                  // POST /hooks/<path>; [A-Za-z0-9._-] and / between
  std::vector<std::string> secrets;  // names in the host's secrets directory; any of them verifies
  bool operator==(const WebhookTrigger&) const = default;
};

using Trigger = std::variant<CronTrigger, WebhookTrigger>;

// Where a definition comes from.
struct Origin {
  std::string source;      // the source's name in the host config
  std::string file;        // path inside the source
  std::uint32_t line = 0;  // of the document, from 1
  std::string revision;    // commit id, hex
  bool operator==(const Origin&) const = default;
};

struct Pipeline {
  std::string name;
  std::string title;  // what was written when it was no valid name; else empty
  std::string description;
  std::vector<Trigger> triggers;
  std::vector<Param> params;
  std::vector<Task> tasks;  // at least one; in the order written; a DAG (checked)
  Origin origin;
};

using PipelinePtr = std::shared_ptr<const Pipeline>;

// The definition's identity: SHA-256 over its canonical JSON without `origin` (pipeline_json.h).
[[nodiscard]] Sha256 content_hash(const Pipeline& pipeline);

// [a-z0-9] then up to 62 of [a-z0-9._-].
[[nodiscard]] bool is_valid_name(std::string_view name);

// Checks given values against the pipeline's params and fills in the defaults, in the params' order.
// Errors: kInvalid, naming the param and what it takes.
[[nodiscard]] Result<Variables> resolve_params(const Pipeline& pipeline, const Variables& given);

}  // namespace pawl
