#include "store/damage_log.h"

#include "base/log.h"
#include "model/limits.h"

namespace pawl::store {

bool DamageLog::is_new(const Error& error) {
  std::lock_guard lock(mutex_);
  return reported_.size() < limits::kStoreDamageNames && reported_.insert(error.context).second;
}

void DamageLog::report(const Error& error) {
  if (!is_new(error)) return;
  log_warning("a stored record is set aside", {{"record", error.context}, {"why", error.message}});
}

void DamageLog::count(const Error& error) { (void)is_new(error); }

std::size_t DamageLog::total() const {
  std::lock_guard lock(mutex_);
  return reported_.size();
}

}  // namespace pawl::store
