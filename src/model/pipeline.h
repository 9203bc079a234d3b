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
#include "base/time.h"
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

// When a task is ready, by what became of its upstream tasks (core/trigger_rule.h has the table).
enum class TriggerRule : std::uint8_t {
  kAllSuccess,
  kAllFailed,
  kAllDone,
  kOneSuccess,
  kOneFailed,
  kOneDone,
  kNoneFailed,
  kAlways,
};

// Tasks that run after the others of the run have ended, by how they did.
enum class Hook : std::uint8_t { kNone, kOnSuccess, kOnFailure, kOnCancel, kOnExit };

// A secret of the host, handed to a task as a file or as an environment variable: one of the two.
struct SecretUse {
  std::string name;  // in the host's secrets directory
  std::string file;  // absolute path in the container; else empty
  std::string env;   // the variable's name; else empty
  bool operator==(const SecretUse&) const = default;
};

// A path of the host that a task asks for (host policy: mounts).
struct HostMount {
  std::string source;  // absolute; no "." or ".."
  std::string target;  // absolute, in the container
  bool read_only = true;
  bool operator==(const HostMount&) const = default;
};

// One task, or one instance of a task with a matrix. Texts marked (x) may hold ${{ }}
// (model/expression.h), which the core evaluates before each attempt.
struct Task {
  std::string id;    // unique in the pipeline; rule of names, an instance's: "build[eu,3.11]"
  std::string base;  // an instance's: the id as it was written; else empty
  Variables matrix;  // an instance's: its value on each axis
  std::string image;
  std::vector<std::string> command;     // argv (x); empty: the image's own command
  std::vector<std::uint32_t> upstream;  // indexes into Pipeline::tasks, rising, unique
  TriggerRule rule = TriggerRule::kAllSuccess;
  std::string when;  // (x), one expression: false skips the task; empty: always
  Hook hook = Hook::kNone;
  Variables env;  // pipeline's, then defaults', then the task's own, merged (x)
  std::vector<SecretUse> secrets;
  std::vector<std::string> outputs;  // names that the task may write to $PAWL_OUTPUT
  bool allow_failure =
      false;  // its failure counts as a success for what depends on it, and for the run
  std::int64_t cpus_milli = limits::kDefaultCpusMilli;
  std::int64_t memory_bytes = limits::kDefaultMemoryBytes;
  std::int64_t pids = limits::kDefaultPids;
  std::int64_t timeout_ms = limits::kDefaultTaskTimeoutMs;
  std::int64_t kill_grace_ms = limits::kKillGraceMs;  // SIGTERM to SIGKILL
  RetryPolicy retries;
  std::string network = "none";
  std::string user = "65534";
  bool read_only = true;
  // What no task has unless the host's policy names it.
  std::vector<HostMount> mounts{};
  std::vector<std::string> cap_add{};  // without "CAP_"; upper case, sorted, unique
  bool privileged = false;
  bool operator==(const Task&) const = default;
};

// What becomes of ticks that were missed while the agent was down or the host suspended.
enum class Catchup : std::uint8_t { kNone, kLatest, kAll };

// `starts` of a trigger: indexes of the tasks that its runs begin with, rising, unique; they and what depends on them
// run, the others are skipped without a reason. Empty: the whole pipeline.
struct CronTrigger {
  CronSchedule schedule;
  Zone zone;
  Catchup catchup = Catchup::kLatest;
  std::int64_t deadline_ms = 0;  // a tick later than this is recorded, not run; 0: never too late
  std::int64_t splay_ms = 0;     // as written; 0: none
  std::int64_t offset_ms = 0;    // this host's place in [0, splay): each tick is this much later
  Variables params{};
  std::vector<std::uint32_t> starts{};

  // The first tick after `after`, the host's offset included.
  [[nodiscard]] std::optional<WallTime> next(WallTime after) const;
  bool operator==(const CronTrigger&) const = default;
};

struct WebhookTrigger {
  std::string path;                   // POST /hooks/<path>; [A-Za-z0-9._-] and / between
  std::vector<std::string> secrets;   // names in the host's secrets directory; any of them verifies
  std::string provider = "github";    // whose way of signing
  std::vector<std::string> events{};  // the provider's names; empty: all
  std::string when{};                 // one expression over the payload; empty: always
  Variables params{};                 // values (x) over the payload; null: as if not given
  std::vector<std::uint32_t> starts{};
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
  Variables params{};
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

// Which hosts a pipeline is for. Empty: every host.
struct HostSelector {
  std::vector<std::string> names;             // patterns with *; one must match
  std::map<std::string, std::string> labels;  // the host must have them all, with these values
  bool operator==(const HostSelector&) const = default;
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
  HostSelector hosts;
  std::vector<Trigger> triggers;
  std::vector<Param> params;
  // At least one that is no hook; in the order written, instances of one task side by side, hooks last; a DAG (checked).
  // No task depends on a hook of another kind, and no hook on a task that is none.
  std::vector<Task> tasks;
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

[[nodiscard]] std::string_view to_string(TriggerRule rule);
[[nodiscard]] std::string_view to_string(Hook hook);  // "on_failure"; "" for kNone
[[nodiscard]] std::optional<TriggerRule> parse_trigger_rule(std::string_view text);
[[nodiscard]] std::optional<Hook> parse_hook(std::string_view text);

// The id as it was written: without an instance's brackets.
[[nodiscard]] inline const std::string& written_id(const Task& task) {
  return task.base.empty() ? task.id : task.base;
}

// Checks given values against the pipeline's params and fills in the defaults, in the params' order.
// Errors: kInvalid, naming the param and what it takes.
[[nodiscard]] Result<Variables> resolve_params(const Pipeline& pipeline, const Variables& given);

}  // namespace pawl
