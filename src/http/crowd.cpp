#include "http/crowd.h"

#include <sys/socket.h>

#include "http/steady_time.h"

namespace pawl::http {
namespace {

// The next request is there already: dropping it would lose it.
bool has_unread(int fd) {
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

}  // namespace

Crowd::Verdict Crowd::enter(int fd, const Peer& peer, Place& place) {
  std::lock_guard lock(mutex_);
  const std::string address = peer.is_unix || peer.is_loopback ? "" : peer.address;
  if (!address.empty()) {
    const auto known = peers_.find(address);
    if (known != peers_.end() && known->second >= settings_.of_one_peer) return Verdict::kPeerFull;
  }
  if (live_ >= settings_.connections && !drop_one_locked()) return Verdict::kFull;
  if (live_ >= settings_.served) drop_one_locked();
  if (!address.empty()) ++peers_[address];
  ++live_;
  place = members_.insert(members_.end(), {fd, address, State::kQueued, steady_ms(), false});
  return Verdict::kAdmitted;
}

void Crowd::leave(Place place) {
  std::lock_guard lock(mutex_);
  if (!place->is_dropped) --live_;
  const auto peer = peers_.find(place->address);
  if (peer != peers_.end() && --peer->second == 0) peers_.erase(peer);
  members_.erase(place);
}

void Crowd::set_state(Place place, State state) {
  std::lock_guard lock(mutex_);
  place->state = state;
  place->since_ms = steady_ms();
}

bool Crowd::is_crowded() {
  std::lock_guard lock(mutex_);
  return live_ > settings_.served;
}

// The one that has been idle for longest; else the one waited for longest, if it is late.
bool Crowd::drop_one_locked() {
  auto chosen = members_.end();
  for (auto member = members_.begin(); member != members_.end(); ++member) {
    if (member->is_dropped || member->state == State::kQueued || member->state == State::kBusy) {
      continue;
    }
    if (member->state == State::kIdle && has_unread(member->fd)) continue;
    const bool is_better = chosen == members_.end() ||
                           (member->state == State::kIdle && chosen->state != State::kIdle) ||
                           (member->state == chosen->state && member->since_ms < chosen->since_ms);
    if (is_better) chosen = member;
  }
  if (chosen == members_.end()) return false;
  if (chosen->state == State::kAwaited && steady_ms() - chosen->since_ms < settings_.late_ms) {
    return false;
  }
  chosen->is_dropped = true;
  --live_;
  // Its thread sees the end of the connection, wherever it waits.
  ::shutdown(chosen->fd, SHUT_RDWR);
  return true;
}

}  // namespace pawl::http
