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

// What becomes of ticks that were missed while the agent was down or the host suspended.
enum class Catchup : std::uint8_t { kNone, kLatest, kAll };

struct CronTrigger {
  CronSchedule schedule;
  Zone zone;
  Catchup catchup = Catchup::kLatest;
  std::int64_t deadline_ms = 0;  // a tick later than this is recorded, not run; 0: never too late
  bool operator==(const CronTrigger&) const = default;
};

struct WebhookTrigger {
  std::string path;                  // POST /hooks/<path>; [A-Za-z0-9._-] and / between
  std::vector<std::string> secrets;  // names in the host's secrets directory; any of them verifies
  bool operator==(const WebhookTrigger&) const = default;
};

// Which ends of the other pipeline's runs make a run of this one.
enum class UpstreamEnd : std::uint8_t {
  kSuccess,
  kFailure,
  kCompletion,  // success, failed or cancelled; skipped runs never trigger
};

struct PipelineTrigger {
  std::string pipeline;
  UpstreamEnd on = UpstreamEnd::kSuccess;
  bool operator==(const PipelineTrigger&) const = default;
};

using Trigger = std::variant<CronTrigger, WebhookTrigger, PipelineTrigger>;

// What a run does that finds its concurrency group full.
enum class OnConflict : std::uint8_t {
  kQueue,    // waits for its turn: by priority, then by age
  kSkip,     // is skipped (reason conflict)
  kReplace,  // cancels the oldest unfinished runs of the group until there is room
};

struct Concurrency {
  std::string group;  // shared by all pipelines of the host that name it
  std::uint32_t limit = 1;
  OnConflict on_conflict = OnConflict::kQueue;
  bool operator==(const Concurrency&) const = default;
};

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
  std::optional<Concurrency> concurrency;
  std::uint32_t priority = limits::kDefaultPriority;  // 0..limits::kPriorityMax, higher first
  std::int64_t timeout_ms = 0;  // of a whole run, from its first task's start; 0: none
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
