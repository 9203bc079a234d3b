#include "exec/ahead.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "exec/container_spec.h"
#include "exec/policy_check.h"

namespace pawl {

Ahead::Ahead(const Parts& parts) : parts_(parts) {
  thread_ = std::make_unique<WorkerThread>("pawl-ahead", [this] { work(); });
}

Ahead::~Ahead() { stop(); }

void Ahead::stop() {
  stop_.request_stop();
  thread_.reset();
}

void Ahead::prepare(const RunAttempt& order) {
  // An image that is pulled each time is the attempt's own business.
  if (parts_.policy.pull == "always") return;
  {
    std::lock_guard lock(mutex_);
    orders_.push_back(order);
  }
  changed_.notify_all();
}

std::optional<Ahead::Container> Ahead::take(const AttemptKey& key) {
  std::unique_lock lock(mutex_);
  std::erase_if(orders_, [&](const RunAttempt& order) { return order.key == key; });
  if (!changed_.wait(lock, stop_.get_token(), [&] { return under_way_ != key; })) {
    return std::nullopt;
  }
  const auto found = ready_.find(key);
  if (found == ready_.end()) return std::nullopt;
  Container container = std::move(found->second);
  ready_.erase(found);
  return container;
}

void Ahead::discard(const AttemptKey& key) {
  drop([&](const AttemptKey& candidate) { return candidate == key; });
}

void Ahead::discard(RunId run) {
  drop([&](const AttemptKey& candidate) { return candidate.run == run; });
}

void Ahead::drop(const std::function<bool(const AttemptKey&)>& is_meant) {
  {
    std::lock_guard lock(mutex_);
    std::erase_if(orders_, [&](const RunAttempt& order) { return is_meant(order.key); });
    unwanted_ |= under_way_ && is_meant(*under_way_);
    for (auto ready = ready_.begin(); ready != ready_.end();) {
      if (!is_meant(ready->first)) {
        ++ready;
        continue;
      }
      unwanted_ids_.push_back(std::move(ready->second.id));
      ready = ready_.erase(ready);
    }
  }
  changed_.notify_all();
}

Result<Ahead::Container> Ahead::create(const RunAttempt& order) {
  const std::stop_token& stop = parts_.abandon;
  const Task& task = order.definition->tasks.at(order.key.task);
  PAWL_CHECK(check_policy(parts_.policy, task));
  PAWL_TRY(const Sandboxes::Place place, parts_.sandboxes.enter(order, stop));
  ContainerSpec spec = container_spec(parts_.instance_id, order);
  if (!task.outputs.empty()) {
    PAWL_TRY(const std::string file, parts_.files.make_output(order.key));
    spec.mounts.push_back(file_mount(file, std::string(kOutputPath), false));
  }
  complete(spec, place.volume, place.join, parts_.engine.incarnation());
  PAWL_TRY(const std::string id, parts_.engine.create(spec, stop));
  return Container{id, place};
}

void Ahead::work() {
  const std::stop_token stop = stop_.get_token();
  while (true) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return !orders_.empty() || !unwanted_ids_.empty(); })) {
      return;
    }
    if (stop.stop_requested()) return;
    if (!unwanted_ids_.empty()) {
      const std::string id = std::move(unwanted_ids_.front());
      unwanted_ids_.pop_front();
      lock.unlock();
      // What cannot be removed now is, at the latest, at the next start of the agent.
      if (const auto removed = parts_.engine.remove(id, stop); !removed) {
        log_debug("a container that is not needed is still there",
                  {{"container", id}, {"reason", removed.error().message}});
      }
      continue;
    }
    const RunAttempt order = std::move(orders_.front());
    orders_.pop_front();
    under_way_ = order.key;
    unwanted_ = false;
    lock.unlock();
    auto created = create(order);
    lock.lock();
    if (created && unwanted_) {
      unwanted_ids_.push_back(std::move(created->id));
    } else if (created) {
      ready_.insert_or_assign(order.key, std::move(created).value());
    }
    under_way_.reset();
    changed_.notify_all();
  }
}

}  // namespace pawl
