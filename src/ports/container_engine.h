// The seam to a container engine. Implementations are thread-safe: any method from any thread, several
// at once. All methods block, each with a bound of model/limits.h.
//
// Error kinds: kUnavailable (no engine answers), kTimeout, kNotFound (container or image), kConflict
// (the name is taken; or the state does not allow it), kDenied, kInvalid (the engine refused the
// request; its message is passed on), kTooLarge, kCancelled (a stop token or sink said so).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/log_chunk.h"
#include "model/pipeline.h"

namespace pawl {

// What is asked of the engine for one container: pawl's own fields only, each mapped one by one. The
// hardening that is the same for all (capabilities dropped, no-new-privileges, init, tmpfs /tmp, restart never,
// swap off, default seccomp) is the adapter's and is not optional.
struct ContainerSpec {
  std::string name;
  std::map<std::string, std::string> labels;
  std::string image;
  std::vector<std::string> command;  // empty: the image's own
  Variables env;
  std::int64_t cpus_milli = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t pids = 0;
  std::string network = "none";
  std::string user;
  bool read_only = true;
};

struct EngineInfo {
  std::string version;      // "20.10.24"
  std::string api_version;  // negotiated, "1.41"
  std::int64_t cpus = 0;
  std::int64_t memory_bytes = 0;
};

struct ContainerState {
  std::string id;
  enum class Phase : std::uint8_t { kCreated, kRunning, kExited } phase = Phase::kCreated;
  std::int32_t exit_code = 0;
  bool oom_killed = false;
  std::string error;  // the engine's own words about a failed start
  WallTime started_at;
  WallTime ended_at;
  std::map<std::string, std::string> labels;
};

struct ContainerSummary {
  std::string id;
  std::string name;  // without the leading slash
  std::map<std::string, std::string> labels;
};

// Called with each record in the engine's order. False ends the stream (the call returns kCancelled).
using LogSink = std::function<bool(LogRecord&&)>;

class ContainerEngine {
 public:
  virtual ~ContainerEngine() = default;

  [[nodiscard]] virtual Result<EngineInfo> info() = 0;
  [[nodiscard]] virtual Result<bool> has_image(const std::string& image) = 0;
  // Pulls from a registry; `progress` gets short lines for people.
  [[nodiscard]] virtual Result<void> pull_image(
      const std::string& image, const std::function<void(const std::string&)>& progress) = 0;

  // Returns the new container's id. kConflict: the name exists. kNotFound: no such image.
  [[nodiscard]] virtual Result<std::string> create(const ContainerSpec& spec) = 0;
  // Succeeds if it runs already. kInvalid: the container cannot be started (bad command, ...).
  [[nodiscard]] virtual Result<void> start(const std::string& name) = 0;
  [[nodiscard]] virtual Result<ContainerState> inspect(const std::string& name) = 0;
  // Follows stdout and stderr from `since_ns` (inclusive; 0: from the start) until the container has ended and all is
  // delivered. kUnavailable when the connection broke before that.
  [[nodiscard]] virtual Result<void> follow_logs(const std::string& name, std::int64_t since_ns,
                                                 const LogSink& sink) = 0;
  // Blocks until the container is not running, or kTimeout after `timeout_ms`; then its state.
  [[nodiscard]] virtual Result<ContainerState> wait(const std::string& name,
                                                    std::int64_t timeout_ms) = 0;
  // Succeeds if it does not run (any more).
  [[nodiscard]] virtual Result<void> kill(const std::string& name, int signal) = 0;
  // Removes it with its anonymous volumes, killing it if it runs. Succeeds if it is gone already.
  [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;
  // All containers, running or not, that carry the label with that value.
  [[nodiscard]] virtual Result<std::vector<ContainerSummary>> list(const std::string& label,
                                                                   const std::string& value) = 0;
};

}  // namespace pawl
