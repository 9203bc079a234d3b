// The Control port for tests of http/: answers from what the test put in, and notes what it was
// asked. Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/control.h"

namespace pawl {

class FakeControl : public Control {
 public:
  FakeControl();

  [[nodiscard]] Result<AcceptedRun> trigger_manual(const ManualRequest& request) override;
  [[nodiscard]] Result<std::vector<AcceptedRun>> trigger_webhook(
      const WebhookRequest& request) override;
  [[nodiscard]] Result<void> cancel(RunId run, const std::string& actor) override;
  [[nodiscard]] Result<AcceptedRun> retry(const RetryRequest& request) override;
  [[nodiscard]] Result<void> suspend(const std::string& pipeline, bool suspend,
                                     const std::string& actor) override;
  [[nodiscard]] Result<SourceState> sync(const std::string& source, bool wait) override;
  [[nodiscard]] std::shared_ptr<const AgentSnapshot> snapshot() const override;
  [[nodiscard]] Result<std::string> secret(const std::string& name) const override;
  [[nodiscard]] WallTime now() const override;
  [[nodiscard]] ChangeBatch wait_changes(std::uint64_t after, std::int64_t timeout_ms) override;

  // --- what the test sets ---
  void publish(const AgentSnapshot& snapshot);
  void set_secret(const std::string& name, const std::string& value);
  // Every trigger, cancellation and waiting sync fails with it from now on.
  void fail(std::optional<Error> error);
  void add_change(Change change);
  // As the agent when it stops: waiting readers return, with `closed`.
  void close_changes();
  // As when the reader was too slow: the next batch says so.
  void drop_changes();

  // --- what it was asked ---
  [[nodiscard]] std::vector<ManualRequest> manual_requests() const;
  [[nodiscard]] std::vector<WebhookRequest> webhook_requests() const;
  [[nodiscard]] std::vector<std::pair<RunId, std::string>> cancellations() const;
  [[nodiscard]] std::vector<RetryRequest> retries() const;
  // The pipeline, and whether it was suspended or resumed.
  [[nodiscard]] std::vector<std::pair<std::string, bool>> suspensions() const;
  [[nodiscard]] std::size_t syncs() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const AgentSnapshot> snapshot_;
  std::map<std::string, std::string> secrets_;
  std::optional<Error> failure_;
  std::vector<Change> changes_;
  std::uint64_t first_sequence_ = 2;  // of changes_
  bool closed_ = false;
  std::vector<ManualRequest> manual_;
  std::vector<WebhookRequest> webhooks_;
  std::map<std::string, RunId> identities_;
  std::vector<std::pair<RunId, std::string>> cancelled_;
  std::vector<RetryRequest> retries_;
  std::vector<std::pair<std::string, bool>> suspensions_;
  std::size_t syncs_ = 0;
  std::uint64_t next_run_ = 100;
};

}  // namespace pawl
