#include "agent/published.h"

#include <utility>

namespace pawl {

Published::Published() {
  own_.pipelines = std::make_shared<const std::vector<PipelinePtr>>();
  own_.sources = std::make_shared<const std::vector<SourceState>>();
  own_.suspended = std::make_shared<const std::map<std::string, Suspension>>();
  publish_locked();
}

std::shared_ptr<const AgentSnapshot> Published::get() const {
  std::lock_guard lock(mutex_);
  return current_;
}

void Published::update(const std::function<void(AgentSnapshot&)>& change) {
  std::lock_guard lock(mutex_);
  change(own_);
  publish_locked();
}

void Published::warn(const std::string& matter, std::vector<std::string> warnings) {
  std::lock_guard lock(mutex_);
  warnings_[matter] = std::move(warnings);
  publish_locked();
}

void Published::publish_locked() {
  AgentSnapshot next = own_;
  for (const auto& [matter, texts] : warnings_) {
    next.warnings.insert(next.warnings.end(), texts.begin(), texts.end());
  }
  current_ = std::make_shared<const AgentSnapshot>(std::move(next));
}

}  // namespace pawl
