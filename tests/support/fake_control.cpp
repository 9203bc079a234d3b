#include "support/fake_control.h"

#include <chrono>

namespace pawl {

FakeControl::FakeControl() {
  AgentSnapshot snapshot;
  snapshot.pipelines = std::make_shared<const std::vector<PipelinePtr>>();
  snapshot.sources = std::make_shared<const std::vector<SourceState>>();
  snapshot.suspended = std::make_shared<const std::map<std::string, Suspension>>();
  publish(snapshot);
}

Result<AcceptedRun> FakeControl::trigger_manual(const ManualRequest& request) {
  std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  manual_.push_back(request);
  for (const PipelinePtr& pipeline : *snapshot_->pipelines) {
    if (pipeline->name != request.pipeline) continue;
    const std::string identity = request.pipeline + " " + request.idempotency_key;
    if (!request.idempotency_key.empty() && identities_.contains(identity)) {
      return AcceptedRun{request.pipeline, identities_[identity], true};
    }
    identities_[identity] = RunId{next_run_};
    return AcceptedRun{request.pipeline, RunId{next_run_++}, false};
  }
  return Error{ErrorKind::kNotFound, "there is no pipeline '" + request.pipeline + "'", ""};
}

Result<std::vector<AcceptedRun>> FakeControl::trigger_webhook(const WebhookRequest& request) {
  std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  webhooks_.push_back(request);
  std::vector<AcceptedRun> runs;
  for (const auto& [pipeline, params, starts] : request.targets) {
    const std::string identity = pipeline + " " + request.delivery_id;
    if (!request.delivery_id.empty() && identities_.contains(identity)) {
      runs.push_back({pipeline, identities_[identity], true});
    } else {
      identities_[identity] = RunId{next_run_};
      runs.push_back({pipeline, RunId{next_run_++}, false});
    }
  }
  return runs;
}

Result<void> FakeControl::cancel(RunId run, const std::string& actor) {
  std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  cancelled_.emplace_back(run, actor);
  return {};
}

Result<AcceptedRun> FakeControl::retry(const RetryRequest& request) {
  std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  retries_.push_back(request);
  const std::string identity = "retry " + request.idempotency_key;
  if (!request.idempotency_key.empty() && identities_.contains(identity)) {
    return AcceptedRun{"build", identities_[identity], true};
  }
  identities_[identity] = RunId{next_run_};
  return AcceptedRun{"build", RunId{next_run_++}, false};
}

Result<void> FakeControl::suspend(const std::string& pipeline, bool suspend, const std::string&) {
  std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  suspensions_.emplace_back(pipeline, suspend);
  return {};
}

Result<SourceState> FakeControl::sync(const std::string& source, bool wait) {
  std::lock_guard lock(mutex_);
  ++syncs_;
  if (wait && failure_) return *failure_;
  for (const SourceState& state : *snapshot_->sources) {
    if (state.name == source) return state;
  }
  return Error{ErrorKind::kNotFound, "no such source", ""};
}

std::shared_ptr<const AgentSnapshot> FakeControl::snapshot() const {
  std::lock_guard lock(mutex_);
  return snapshot_;
}

Result<std::string> FakeControl::secret(const std::string& name) const {
  std::lock_guard lock(mutex_);
  const auto found = secrets_.find(name);
  if (found == secrets_.end()) return Error{ErrorKind::kNotFound, "no such secret", name};
  return found->second;
}

WallTime FakeControl::now() const { return *parse_rfc3339("2026-03-01T12:00:00Z"); }

ChangeBatch FakeControl::wait_changes(std::uint64_t after, std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  const auto last = [this] { return first_sequence_ + changes_.size() - 1; };
  ChangeBatch batch;
  batch.next = last();
  batch.closed = closed_;
  if (after == 0) return batch;
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return closed_ || last() > after; });
  batch.next = last();
  batch.closed = closed_;
  batch.gap = after + 1 < first_sequence_;
  for (const Change& change : changes_) {
    if (change.sequence > after) batch.changes.push_back(change);
  }
  return batch;
}

void FakeControl::publish(const AgentSnapshot& snapshot) {
  std::lock_guard lock(mutex_);
  snapshot_ = std::make_shared<const AgentSnapshot>(snapshot);
}

void FakeControl::set_secret(const std::string& name, const std::string& value) {
  std::lock_guard lock(mutex_);
  secrets_[name] = value;
}

void FakeControl::fail(std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  failure_ = std::move(error);
}

void FakeControl::add_change(Change change) {
  {
    std::lock_guard lock(mutex_);
    change.sequence = first_sequence_ + changes_.size();
    changes_.push_back(std::move(change));
  }
  changed_.notify_all();
}

void FakeControl::close_changes() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

void FakeControl::drop_changes() {
  {
    std::lock_guard lock(mutex_);
    first_sequence_ += changes_.size() + 10;
    changes_.clear();
  }
  changed_.notify_all();
}

std::vector<ManualRequest> FakeControl::manual_requests() const {
  std::lock_guard lock(mutex_);
  return manual_;
}

std::vector<WebhookRequest> FakeControl::webhook_requests() const {
  std::lock_guard lock(mutex_);
  return webhooks_;
}

std::vector<std::pair<RunId, std::string>> FakeControl::cancellations() const {
  std::lock_guard lock(mutex_);
  return cancelled_;
}

std::vector<RetryRequest> FakeControl::retries() const {
  std::lock_guard lock(mutex_);
  return retries_;
}

std::vector<std::pair<std::string, bool>> FakeControl::suspensions() const {
  std::lock_guard lock(mutex_);
  return suspensions_;
}

std::size_t FakeControl::syncs() const {
  std::lock_guard lock(mutex_);
  return syncs_;
}

}  // namespace pawl
