// The agent's state as the outside sees it: one immutable snapshot, replaced as a whole. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "ports/control.h"

namespace pawl {

class Published {
 public:
  Published();
  [[nodiscard]] std::shared_ptr<const AgentSnapshot> get() const;
  // Copies the current snapshot (a few pointers and counters), lets `change` edit it, publishes it.
  void update(const std::function<void(AgentSnapshot&)>& change);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const AgentSnapshot> current_;
};

}  // namespace pawl
