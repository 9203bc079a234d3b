#include "agent/published.h"

namespace pawl {

Published::Published() {
  AgentSnapshot empty;
  empty.pipelines = std::make_shared<const std::vector<PipelinePtr>>();
  empty.sources = std::make_shared<const std::vector<SourceState>>();
  empty.suspended = std::make_shared<const std::map<std::string, Suspension>>();
  current_ = std::make_shared<const AgentSnapshot>(std::move(empty));
}

std::shared_ptr<const AgentSnapshot> Published::get() const {
  std::lock_guard lock(mutex_);
  return current_;
}

void Published::update(const std::function<void(AgentSnapshot&)>& change) {
  std::lock_guard lock(mutex_);
  AgentSnapshot next = *current_;
  change(next);
  current_ = std::make_shared<const AgentSnapshot>(std::move(next));
}

}  // namespace pawl
