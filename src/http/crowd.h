// The clients of one listener: how many there may be, and who gives way when there are too many.
//
// Each client that is served holds a thread, so a crowd of slow ones could take them all (F15). Over
// the bound, whoever has nothing under way, or has kept its thread waiting for long, is dropped for
// the newcomer: slow clients age out instead of keeping everybody else out.
//
// All members may be called by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>

#include "http/message.h"

namespace pawl::http {

class Crowd {
 public:
  struct Settings {
    std::size_t served = 0;       // at once: one thread each; further ones wait for a thread
    std::size_t connections = 0;  // served or waiting
    std::size_t of_one_peer = 0;  // of one address that is not loopback
    std::int64_t late_ms = 0;     // a client waited for this long gives way
  };
  enum class State : std::uint8_t {
    kQueued,   // waits for a thread
    kIdle,     // has nothing under way: gives way at once
    kAwaited,  // is to send, or to take, some bytes: gives way when late
    kBusy,     // waits for us
  };
  struct Member {
    int fd = -1;
    std::string address;  // empty: not counted
    State state = State::kQueued;
    std::int64_t since_ms = 0;
    bool is_dropped = false;
  };
  using Place = std::list<Member>::iterator;
  enum class Verdict : std::uint8_t { kAdmitted, kFull, kPeerFull };

  explicit Crowd(Settings settings) : settings_(settings) {}

  // Admitted: `place` is valid until leave(), which must come before `fd` is closed.
  [[nodiscard]] Verdict enter(int fd, const Peer& peer, Place& place);
  void leave(Place place);
  // The state begins now, even if it is the same as before.
  void set_state(Place place, State state);
  // Others wait for a thread.
  [[nodiscard]] bool is_crowded();
  [[nodiscard]] std::int64_t late_ms() const { return settings_.late_ms; }

 private:
  bool drop_one_locked();

  const Settings settings_;
  std::mutex mutex_;
  std::list<Member> members_;
  std::size_t live_ = 0;  // those not dropped
  std::map<std::string, std::size_t> peers_;
};

}  // namespace pawl::http
