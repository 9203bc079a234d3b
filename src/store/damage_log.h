// Says once in the agent's log that a stored record is damaged, however often it is met. Any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>

#include "base/result.h"

namespace pawl::store {

class DamageLog {
 public:
  // Remembers limits::kStoreDamageNames of them; further ones are not logged.
  void report(const Error& error);
  // Counts it, for a caller that tells people itself.
  void count(const Error& error);
  // Different ones so far, up to that bound.
  [[nodiscard]] std::size_t total() const;

 private:
  [[nodiscard]] bool is_new(const Error& error);

  mutable std::mutex mutex_;
  std::set<std::string> reported_;
};

}  // namespace pawl::store
