// Says once in the agent's log that a stored record is damaged, however often it is met. Any thread.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "base/result.h"

namespace pawl::store {

class DamageLog {
 public:
  // Remembers limits::kStoreDamageNames of them; further ones are not logged.
  void report(const Error& error);

 private:
  std::mutex mutex_;
  std::set<std::string> reported_;
};

}  // namespace pawl::store
