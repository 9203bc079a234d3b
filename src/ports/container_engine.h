// The seam to a container engine. Implementations are thread-safe: any method from any thread, several
// at once. All methods block, each with a bound of model/limits.h, and end promptly with kCancelled
// once their stop token is asked to stop; what was asked of the engine may then be carried out or not.
//
// Error kinds: kUnavailable (no engine answers, or the connection broke: the request may have been
// carried out), kTimeout (likewise), kNotFound (container or image), kConflict (the name is taken; or
// the state does not allow it), kDenied, kInvalid (the engine refused the request or failed at it; its
// message is passed on), kTooLarge, kCorrupt (an answer that is none), kExhausted (no memory or descriptor on our side),
// kCancelled.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/log_chunk.h"
#include "model/pipeline.h"

namespace pawl {

// What a container sees besides its image.
struct Mount {
  enum class Kind : std::uint8_t {
    kBind,  // a file of the engine's host; it must exist
    kVolume,  // a directory that the engine keeps, made with the container if there is none; see open_volume()
  };
  std::string source;  // kBind: absolute; kVolume: its name
  std::string target;  // absolute, in the container
  bool read_only = true;
  Kind kind = Kind::kBind;
  std::map<std::string, std::string> labels{};  // of a volume that is made
};

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
  std::vector<Mount> mounts{};  // pawl's own (workspace, output file, secrets)
};

struct EngineInfo {
  std::string version;      // "20.10.24"
  std::string api_version;  // negotiated, "1.41"
  std::int64_t cpus = 0;
  std::int64_t memory_bytes = 0;
  // Tells this run of the engine's process from an earlier one; empty where it cannot be told.
  std::string incarnation{};
  bool live_restore = false;  // containers go on while the engine is restarted
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

struct VolumeSummary {
  std::string name;
  std::map<std::string, std::string> labels;
};

// Takes a followed log. Called only by the thread that is inside follow_logs().
class LogSink {
 public:
  virtual ~LogSink() = default;
  // Each record, in the engine's order. False ends the stream (follow_logs returns kCancelled).
  [[nodiscard]] virtual bool take(LogRecord&& record) = 0;
  // Called before each wait for more: everything received so far has been taken. Returns for how many
  // milliseconds to wait at most before calling it again (negative: as long as it takes); nothing
  // ends the stream (kCancelled).
  [[nodiscard]] virtual std::optional<std::int64_t> before_wait() = 0;
};

class ContainerEngine {
 public:
  using Stop = std::stop_token;
  using Progress = std::function<void(const std::string&)>;
  virtual ~ContainerEngine() = default;

  [[nodiscard]] virtual Result<EngineInfo> info(const Stop& stop) = 0;
  // EngineInfo::incarnation of whoever takes new connections at this moment; empty also when nobody does. Not a
  // call to the engine: costs next to nothing.
  [[nodiscard]] virtual std::string incarnation() = 0;
  [[nodiscard]] virtual Result<bool> has_image(const std::string& image, const Stop& stop) = 0;
  // Pulls from a registry; `progress` gets short lines for people.
  [[nodiscard]] virtual Result<void> pull_image(const std::string& image, const Progress& progress,
                                                const Stop& stop) = 0;

  // Returns the new container's id. kConflict: the name exists. kNotFound: no such image.
  // kInvalid also when the engine says that it cannot enforce a cap; nothing is left behind then.
  [[nodiscard]] virtual Result<std::string> create(const ContainerSpec& spec, const Stop& stop) = 0;
  // Succeeds if it runs already. kInvalid: the container cannot be started (bad command, ...).
  // Not idempotent: one that has exited runs once more. After kUnavailable or kTimeout, inspect first; after
  // kExhausted nothing was sent: there was nobody to connect to, or nothing left here to do it with.
  [[nodiscard]] virtual Result<void> start(const std::string& name, const Stop& stop) = 0;
  [[nodiscard]] virtual Result<ContainerState> inspect(const std::string& name,
                                                       const Stop& stop) = 0;
  // Follows stdout and stderr from `since_ns` (inclusive; 0: from the start) until the container has ended.
  // All is delivered of one that had ended before the call; of one that ends during it, the last records may be
  // missing (seen with Docker 20.10): follow it once more. kUnavailable when the connection broke;
  // kCorrupt when the engine cannot read the rest of the log.
  [[nodiscard]] virtual Result<void> follow_logs(const std::string& name, std::int64_t since_ns,
                                                 LogSink& sink, const Stop& stop) = 0;
  // Blocks until the container is not running, or kTimeout after `timeout_ms`; then its state, asked for over a
  // new connection. An engine that is shutting down ends its containers and goes on answering on its old
  // connections, but takes no new ones (Docker 20.10): the state told here was not of its making.
  [[nodiscard]] virtual Result<ContainerState> wait(const std::string& name,
                                                    std::int64_t timeout_ms, const Stop& stop) = 0;
  // Succeeds if it does not run (any more) or is gone.
  [[nodiscard]] virtual Result<void> kill(const std::string& name, int signal,
                                          const Stop& stop) = 0;
  // Removes it with its anonymous volumes, killing it if it runs. Succeeds if it is gone already.
  // kConflict: somebody else is removing it at this moment.
  [[nodiscard]] virtual Result<void> remove(const std::string& name, const Stop& stop) = 0;
  // All containers, running or not, that carry the label with that value.
  [[nodiscard]] virtual Result<std::vector<ContainerSummary>> list(const std::string& label,
                                                                   const std::string& value,
                                                                   const Stop& stop) = 0;

  // Lets every user write to the volume that the container has at `target`, and remove only what is their own, as in
  // /tmp (01777); an engine makes it for root alone. Before the container's start; idempotent.
  [[nodiscard]] virtual Result<void> open_volume(const std::string& container,
                                                 const std::string& target, const Stop& stop) = 0;
  // Removes it with all that is in it. Succeeds if it is gone already. kConflict: a container has it. kTimeout
  // after limits::kWorkspaceRemoveMs; the engine goes on.
  [[nodiscard]] virtual Result<void> remove_volume(const std::string& name, const Stop& stop) = 0;
  // All volumes that carry the label with that value.
  [[nodiscard]] virtual Result<std::vector<VolumeSummary>> list_volumes(const std::string& label,
                                                                        const std::string& value,
                                                                        const Stop& stop) = 0;
};

}  // namespace pawl
