// The seam to a container engine. Implementations are thread-safe: any method from any thread, several
// at once. An engine of plain processes is one as well (EngineInfo::containers); what it has no way to do is kInvalid, and
// says so. All methods block, each with a bound of model/limits.h, and end promptly with kCancelled
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
#include "model/run.h"

namespace pawl {

// What a container sees besides its image.
struct Mount {
  enum class Kind : std::uint8_t {
    kBind,    // a file of the engine's host; it must exist
    kVolume,  // a directory that the engine keeps, made with the container if there is none
  };
  std::string source;  // kBind: absolute; kVolume: its name
  std::string target;  // absolute, in the container
  bool read_only = true;
  Kind kind = Kind::kBind;
  std::map<std::string, std::string> labels{};  // of a volume that is made
  // Of a volume that is made: the most that it holds. 0: no bound. An engine that cannot keep it refuses the container
  // (kInvalid; Docker's local driver needs XFS with project quotas).
  std::int64_t max_bytes = 0;
  // Of a volume that is empty: what the image has at that place is copied into it, owner and mode of the directory
  // included.
  bool copy_from_image = false;
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
  // Pawl's own (workspace, output file, secrets), and the host's that the policy names.
  std::vector<Mount> mounts{};
  // A container, by id, whose network (interfaces, addresses, host name) this one shares instead of having one of
  // `network`. It must run when this one is started: else the start is kInvalid or kConflict.
  std::string join_network{};
  std::vector<std::string> cap_add{};  // "NET_ADMIN"
  bool privileged = false;
};

struct EngineInfo {
  std::string version;      // "20.10.24"
  std::string api_version;  // negotiated, "1.41"
  std::int64_t cpus = 0;
  std::int64_t memory_bytes = 0;
  // Tells this run of the engine's process from an earlier one; empty where it cannot be told.
  std::string incarnation{};
  bool live_restore = false;      // containers go on while the engine is restarted
  std::string engine = "docker";  // docker | podman | process
  bool containers = true;         // false: plain processes; no images, no networks, no mounts
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
  std::string image{};                 // as it was named, or its id
  std::string join_network{};          // ContainerSpec::join_network, as an id
  std::vector<std::string> volumes{};  // names of those that it has
  bool running = false;
};

struct VolumeSummary {
  std::string name;
  std::map<std::string, std::string> labels;
};

// What the engine's disk holds. Sizes are the engine's own; -1 where it does not say.
struct DiskUsage {
  struct Image {
    std::string id;
    std::vector<std::string>
        names;                     // "alpine:3.20", "alpine@sha256:..."; none: it has lost its name
    std::int64_t bytes = -1;       // without what it shares with others
    std::int64_t containers = -1;  // that were made of it
  };
  struct Volume {
    std::string name;
    std::map<std::string, std::string> labels;
    std::int64_t bytes = -1;
  };
  std::vector<Image> images;
  std::vector<Volume> volumes;
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
  // The engine has dropped, or may have, some of the output that has not been taken yet. Several times, perhaps.
  virtual void may_miss() {}
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
  // Pulls from a registry, with the credentials that the engine's adapter was given for it; `progress` gets short
  // lines for people. kNotFound: the registry has no such image. kDenied: it wants other credentials. kConflict: it could not be
  // reached or failed, and may not the next time. kInvalid: any other refusal.
  [[nodiscard]] virtual Result<void> pull_image(const std::string& image, const Progress& progress,
                                                const Stop& stop) = 0;
  // Loads a file as `docker save` makes it, also compressed. Returns the names of its images. kInvalid: it is none.
  [[nodiscard]] virtual Result<std::vector<std::string>> load_images(const std::string& file,
                                                                     const Stop& stop) = 0;
  // Makes an image `name` ("name:tag") with this executable as /pawl, and an empty /workspace that every user may
  // write to, as in /tmp (01777, root's). There may be one of that name; then it has the name no longer.
  [[nodiscard]] virtual Result<void> make_image(const std::string& name,
                                                const std::string& executable,
                                                const Stop& stop) = 0;
  // By name or id. Succeeds if it is gone already. kConflict: a container is made of it.
  [[nodiscard]] virtual Result<void> remove_image(const std::string& image, const Stop& stop) = 0;

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
  // Gives it another name, whether it runs or not. kConflict: the name is taken.
  [[nodiscard]] virtual Result<void> rename(const std::string& name, const std::string& new_name,
                                            const Stop& stop) = 0;
  // What it has used since its start, as far as the engine can say. kConflict: it does not run.
  [[nodiscard]] virtual Result<ResourceUsage> usage(const std::string& name, const Stop& stop) = 0;
  // All containers, running or not, that carry the label with that value.
  [[nodiscard]] virtual Result<std::vector<ContainerSummary>> list(const std::string& label,
                                                                   const std::string& value,
                                                                   const Stop& stop) = 0;

  // Removes it with all that is in it. Succeeds if it is gone already. kConflict: a container has it. kTimeout
  // after limits::kWorkspaceRemoveMs; the engine goes on.
  [[nodiscard]] virtual Result<void> remove_volume(const std::string& name, const Stop& stop) = 0;
  // All volumes that carry the label with that value.
  [[nodiscard]] virtual Result<std::vector<VolumeSummary>> list_volumes(const std::string& label,
                                                                        const std::string& value,
                                                                        const Stop& stop) = 0;
  // Takes the engine a while (limits::kDiskUsageMs at most).
  [[nodiscard]] virtual Result<DiskUsage> disk_usage(const Stop& stop) = 0;
};

}  // namespace pawl
