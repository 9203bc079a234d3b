// The agent's state as the outside sees it: one immutable snapshot, replaced as a whole. Any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ports/control.h"

namespace pawl {

class Published {
 public:
  Published();
  [[nodiscard]] std::shared_ptr<const AgentSnapshot> get() const;
  // Copies the current snapshot (a few pointers and counters), lets `change` edit it, publishes it.
  void update(const std::function<void(AgentSnapshot&)>& change);
  // What somebody else than the loop has to warn of, in place of what was said of that matter before. It stands behind the
  // loop's own in AgentSnapshot::warnings.
  void warn(const std::string& matter, std::vector<std::string> warnings);

 private:
  void publish_locked();

  mutable std::mutex mutex_;
  AgentSnapshot own_;  // without the warnings of others
  std::map<std::string, std::vector<std::string>> warnings_;
  std::shared_ptr<const AgentSnapshot> current_;
};

}  // namespace pawl
