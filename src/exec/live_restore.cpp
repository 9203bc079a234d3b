#include "exec/live_restore.h"

#include <algorithm>

namespace pawl {
namespace {

// A container that was last seen under an older one is lost anyway, or was looked at in between.
constexpr std::size_t kIncarnations = 8;

}  // namespace

Result<void> LiveRestore::learn(const std::string& incarnation, const std::stop_token& stop) {
  if (incarnation.empty()) return {};
  {
    std::lock_guard lock(mutex_);
    if (find(incarnation) != nullptr) return {};
  }
  PAWL_TRY(const EngineInfo info, engine_.info(stop));
  std::lock_guard lock(mutex_);
  if (info.incarnation.empty() || find(info.incarnation) != nullptr) return {};
  known_.push_back(Known{info.incarnation, info.live_restore});
  if (known_.size() > kIncarnations) known_.pop_front();
  return {};
}

bool LiveRestore::of(const std::string& incarnation) const {
  std::lock_guard lock(mutex_);
  const Known* known = find(incarnation);
  return known != nullptr && known->live_restore;
}

const LiveRestore::Known* LiveRestore::find(const std::string& incarnation) const {
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const Known& known) {
    return known.incarnation == incarnation;
  });
  return found == known_.end() ? nullptr : &*found;
}

}  // namespace pawl
