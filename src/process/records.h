// What lies in a task's directory, as JSON: what is to run, that it was started, what runs, and how it ended.
//
//   spec.json         written with the directory
//   environment.json  the variables, apart because there may be secrets among them; gone once the task has started
//   started.json      made once, before anything runs: the task is never startable again
//   running.json      by the supervisor, once the task runs
//   end.json          by the supervisor, after all else
//   lock              held by the supervisor (flock) as long as it lives
//   log.N             process/log_files.h
//
// Each file is written in one step; one that cannot be read is damaged, which ends in "not known", never in a guess.
// Pure functions. Decoding errors: kCorrupt.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/pipeline.h"
#include "model/run.h"

namespace pawl {

inline constexpr const char* kSpecFile = "spec.json";
inline constexpr const char* kEnvironmentFile = "environment.json";
inline constexpr const char* kStartFile = "started.json";
inline constexpr const char* kRunFile = "running.json";
inline constexpr const char* kEndFile = "end.json";
inline constexpr const char* kLockFile = "lock";

// The directories of a control group (process/cgroup.h).
struct CgroupPaths {
  bool unified = false;                            // version 2: one directory
  std::map<std::string, std::string> controllers;  // by name; empty: no group
  bool operator==(const CgroupPaths&) const = default;
};

// What a process can have of a ContainerSpec.
struct ProcessSpec {
  std::string id;
  std::map<std::string, std::string> labels;
  std::string image;
  std::vector<std::string> command;
  std::string volume;         // its name; empty: none
  std::string volume_target;  // where a container would have it
  std::string volume_path;    // where it is
  std::string output_target;  // likewise the file that $PAWL_OUTPUT names
  std::string output_path;
  std::int64_t cpus_milli = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t pids = 0;
  CgroupPaths cgroup;        // empty: no cap is enforced
  bool own_network = false;  // in a network namespace with nothing but loopback
  bool own_user = false;     // as uid and gid, and nobody else
  uid_t uid = 0;
  gid_t gid = 0;
  bool privileged = false;
  bool operator==(const ProcessSpec&) const = default;
};

struct StartRecord {
  std::string boot_id;
  WallTime at;
  bool operator==(const StartRecord&) const = default;
};

struct RunRecord {
  std::string boot_id;
  WallTime started_at;
  pid_t supervisor = 0;
  pid_t task = 0;  // leader of its session and process group
  std::int64_t task_start_ticks = 0;
  bool operator==(const RunRecord&) const = default;
};

struct EndRecord {
  std::int32_t exit_code = 0;  // of a signal: 128 and its number
  WallTime started_at;
  WallTime ended_at;
  bool oom_killed = false;
  std::string error;      // why it could not be started
  bool log_lost = false;  // some output could not be written
  ResourceUsage usage;
  bool operator==(const EndRecord&) const = default;
};

[[nodiscard]] std::string encode(const ProcessSpec& spec);
[[nodiscard]] std::string encode(const Variables& variables);
[[nodiscard]] std::string encode(const StartRecord& record);
[[nodiscard]] std::string encode(const RunRecord& record);
[[nodiscard]] std::string encode(const EndRecord& record);
[[nodiscard]] std::string encode(const std::map<std::string, std::string>& labels);

[[nodiscard]] Result<ProcessSpec> decode_spec(std::string_view text);
[[nodiscard]] Result<Variables> decode_variables(std::string_view text);
[[nodiscard]] Result<StartRecord> decode_start(std::string_view text);
[[nodiscard]] Result<RunRecord> decode_run(std::string_view text);
[[nodiscard]] Result<EndRecord> decode_end(std::string_view text);
[[nodiscard]] Result<std::map<std::string, std::string>> decode_labels(std::string_view text);

}  // namespace pawl
