// Which incarnations of the engine let containers live on while the engine is restarted: asked once of each, while
// it is there to be asked. Thread-safe.
#pragma once

#include <deque>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "ports/container_engine.h"

namespace pawl {

class LiveRestore {
 public:
  // `engine` must outlive the object.
  explicit LiveRestore(ContainerEngine& engine) : engine_(engine) {}

  // Asks, unless it is known. Errors: the engine's.
  [[nodiscard]] Result<void> learn(const std::string& incarnation, const std::stop_token& stop);
  // False where it is not known.
  [[nodiscard]] bool of(const std::string& incarnation) const;

 private:
  struct Known {
    std::string incarnation;
    bool live_restore;
  };
  [[nodiscard]] const Known* find(const std::string& incarnation) const;

  ContainerEngine& engine_;
  mutable std::mutex mutex_;
  std::deque<Known> known_;  // the latest at the back
};

}  // namespace pawl
