#include "store/damage_log.h"

#include "base/log.h"
#include "model/limits.h"

namespace pawl::store {

void DamageLog::report(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (reported_.size() >= limits::kStoreDamageNames) return;
    if (!reported_.insert(error.context).second) return;
  }
  log_warning("a stored record is set aside", {{"record", error.context}, {"why", error.message}});
}

}  // namespace pawl::store
