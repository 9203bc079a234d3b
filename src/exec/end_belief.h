// Whether an engine's word about the end of a container is the truth. Pure.
//
// What Docker 20.10 was seen to say of a container that it, or its successor, had cut off:
//   dockerd gets SIGTERM   it ends its containers; a task that answers SIGTERM with exit 0 "exited (0)"
//   dockerd gets SIGKILL   the next dockerd ends what still runs, likewise; of one whose shim is gone as well
//                          it says exit code 0, ended at its own restart
//   the host is reset      likewise, at the next boot
// Neither the code nor the time tells such an end from a true one: a task that had ended by itself a moment
// before looks the same. So an end counts only when it is told by the run of the engine that the container was
// last known to run under, or when both runs leave containers alone (live-restore).
#pragma once

#include <cstdint>
#include <string_view>

namespace pawl {

struct EndReport {
  bool rebooted = false;  // the host, since the attempt was handed out
  // Incarnations of the engine (ports/container_engine.h), empty where not known: read before the container was
  // started or last seen running, and after its end was told.
  std::string_view runs_under;
  std::string_view told_by;
  // A connection to the engine broke since the container was last seen running. Counts where the incarnations
  // say nothing: who breaks a connection may have been restarted; who is only silent has not.
  bool connection_broke = false;
  bool live_restore = false;  // of both
};

enum class EndBelief : std::uint8_t { kTrue, kHostRestarted, kEngineRestarted };

[[nodiscard]] EndBelief judge_end(const EndReport& report);

}  // namespace pawl
