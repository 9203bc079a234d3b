// The host's own configuration (SPEC §2), complete with defaults. What it does not allow, no Git
// content can get. Built by config/; values; read-only after start.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/limits.h"
#include "model/pipeline.h"
#include "model/zone.h"

namespace pawl {

struct SourceConfig {
  std::string name;
  std::string url;
  std::string ref = "refs/heads/main";
  std::string path;  // inside the repository; empty: its root
  std::int64_t interval_ms = 60'000;
  std::string username;
  std::string password_file;
  std::string ca_file;
};

// A directory or file of the host that tasks may mount, with all below it.
struct AllowedMount {
  std::string path;  // absolute; no "." or ".."
  bool writable = false;
  bool operator==(const AllowedMount&) const = default;
};

struct HostPolicy {
  std::vector<std::string> images;  // patterns with *; what is not named is refused
  std::string pull = "missing";     // always | missing | never
  std::vector<std::string> networks = {"none"};
  std::int64_t max_cpus_milli = 0;  // 0: none, but the engine's own
  std::int64_t max_memory_bytes = 0;
  std::int64_t max_pids = 4096;
  std::int64_t max_timeout_ms = limits::kTimeoutMaxMs;
  std::uint32_t max_tasks = limits::kTasks;
  std::string default_image;
  bool require_digest = false;  // images by digest only
  std::vector<AllowedMount> mounts{};
  std::vector<std::string> cap_add{};  // as Task::cap_add
  bool privileged = false;
  std::int64_t max_workspace_bytes = 0;  // what the tasks of one run share on disk; 0: no bound
};

// How to reach the container engine, and what it is given.
struct EngineConfig {
  std::string type = "docker";  // docker | process
  std::string host{};  // unix:///var/run/docker.sock, tcp://host:2376 (TLS) or $DOCKER_HOST
  // TLS: PEM files, all three or none.
  std::string ca_file{};
  std::string cert_file{};
  std::string key_file{};
  std::string
      credentials_file{};  // Docker's config.json with the registries' credentials; empty: none
  std::string image_directory{};  // *.tar files in it are loaded; empty: none
  bool sandbox_per_run = true;    // the tasks of one run share a network namespace
  bool best_effort_caps = false;  // process: run tasks although their caps cannot be enforced
};

// What a task has here unless it or its pipeline says otherwise; 0: pawl's own default. Never over the policy's caps.
struct HostDefaults {
  std::int64_t cpus_milli = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t pids = 0;
  std::int64_t timeout_ms = 0;
};

struct HostConfig {
  std::string file;  // where it was read from; empty: built-in defaults
  std::string host_name;
  std::map<std::string, std::string> labels;
  std::string timezone = "UTC";
  Zone zone;
  std::vector<SourceConfig> sources;
  EngineConfig engine;
  std::uint32_t workers = 4;
  HostPolicy policy;
  HostDefaults defaults;
  std::string secrets_directory = "/etc/pawl/secrets";
  std::string state_directory = "/var/lib/pawl";
  std::int64_t state_max_bytes = static_cast<std::int64_t>(limits::kStoreMapBytes);
  std::int64_t keep_age_ms = limits::kKeepAgeMs;             // of runs that have ended; 0: no rule
  std::uint32_t keep_runs_per_pipeline = limits::kKeepRuns;  // 0: no rule
  std::int64_t log_limit_bytes = limits::kLogLimitBytes;
  std::string http_listen = "127.0.0.1:7433";
  std::string http_socket = "/run/pawl/pawl.sock";
  std::string webhooks_listen = "127.0.0.1:7434";
  std::int64_t webhook_max_body_bytes = static_cast<std::int64_t>(limits::kWebhookBodyBytes);
};

// Why a pipeline with this selector is not for the host, in words; nothing when it is.
[[nodiscard]] std::optional<std::string> why_not_here(const HostSelector& selector,
                                                      const HostConfig& host);

// Shell-like pattern: * matches any run of characters (also /), everything else itself. Linear time.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace pawl
