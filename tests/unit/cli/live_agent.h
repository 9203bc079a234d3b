// An agent without an engine and without a Git source, but with the real store and the real listeners, so that
// the commands meet the API as it is.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "harness.h"
#include "http/server.h"
#include "model/host_config.h"
#include "ports/control.h"
#include "store/lmdb_store.h"

namespace pawl::cli {

// Has the pipeline nightly-backup (tasks dump, then ship) and two runs of it: 42 failed in ship, 43 is running
// dump. A run that is asked for, or tried again, succeeds before its number is returned, unless hold_runs() was
// called. The source fleet can be pulled; the source down cannot. Of fleet, deploy is for other hosts and hungry refused.
class LiveAgent final : public Control {
 public:
  LiveAgent();
  ~LiveAgent() override;
  LiveAgent(const LiveAgent&) = delete;
  LiveAgent& operator=(const LiveAgent&) = delete;

  // As `pawl CMD` on this host.
  [[nodiscard]] Outcome invoke(const std::vector<std::string>& arguments) const;
  [[nodiscard]] Outcome invoke_over_tcp(const std::vector<std::string>& arguments) const;
  [[nodiscard]] const std::string& directory() const { return directory_.path(); }
  // Ends the listeners and closes the store.
  void stop();

  // Runs asked for from now on stay with a running dump until finish_run().
  void hold_runs() { hold_runs_ = true; }
  void finish_run(RunId run);
  // Called once, when the API is asked for the `count`-th time from now what time it is, and when a stream
  // waits for changes: it then has seen all there was.
  void on_look(int count, std::function<void()> action);
  void on_wait(std::function<void()> action);

  Result<AcceptedRun> trigger_manual(const ManualRequest& request) override;
  Result<std::vector<AcceptedRun>> trigger_webhook(const WebhookRequest& request) override;
  Result<void> cancel(RunId run, const std::string& actor) override;
  Result<AcceptedRun> retry(const RetryRequest& request) override;
  Result<void> suspend(const std::string& pipeline, bool suspend,
                       const std::string& actor) override;
  Result<SourceState> sync(const std::string& source, bool wait) override;
  std::shared_ptr<const AgentSnapshot> snapshot() const override;
  Result<std::string> secret(const std::string& name) const override;
  WallTime now() const override;
  ChangeBatch wait_changes(std::uint64_t after, std::int64_t timeout_ms) override;

 private:
  void save_run(RunId id, Status status, const TriggerInfo* trigger, const Variables& params);
  // The run that has this identity already, or a new one.
  Result<AcceptedRun> accept(const TriggerInfo& trigger, const Variables& params);
  void publish(const Change& change);

  TemporaryDirectory directory_;
  std::string config_;
  PipelinePtr pipeline_;
  std::vector<SourceState> sources_;
  std::unique_ptr<Store> store_;
  std::mutex store_mutex_;  // one writer at a time
  std::uint64_t last_run_ = 0;
  std::atomic<bool> hold_runs_ = false;

  mutable std::mutex mutex_;  // all below
  mutable int looks_left_ = 0;
  mutable std::function<void()> look_action_;
  std::function<void()> wait_action_;
  std::condition_variable changed_;
  std::vector<Change> changes_;
  std::map<std::string, Suspension> suspended_;
  bool closed_ = false;

  std::unique_ptr<HttpServers> servers_;  // last: ends first
};

}  // namespace pawl::cli
