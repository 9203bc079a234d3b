// What is to be removed from the engine's directory, however large and deep: it is moved here in one step, which frees its
// name, and then emptied by a thread of its own. What a killed agent leaves here is emptied by the next one.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"

namespace pawl {

// Removes all that is in the directory, which may be hostile: no link is followed, no name leads out of it, and depth costs
// neither stack nor descriptors. False: stopped, or something cannot be removed.
bool empty_directory(int directory, const std::stop_token& stop);

// Thread-safe.
class Trash {
 public:
  explicit Trash(UniqueFd directory);
  ~Trash();

  // Succeeds if there is no such entry.
  [[nodiscard]] Result<void> take(int parent, const std::string& name);

 private:
  void work(const std::stop_token& stop);

  const UniqueFd directory_;
  std::mutex mutex_;
  std::condition_variable_any more_;
  bool filled_ = true;  // by an earlier agent, perhaps
  std::jthread thread_;
};

}  // namespace pawl
