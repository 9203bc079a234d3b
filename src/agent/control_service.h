// Control for http/: turns requests into events and waits for the loop's answers.
#pragma once

#include <string>

#include "agent/change_feed.h"
#include "agent/loop.h"
#include "agent/published.h"
#include "agent/replies.h"
#include "agent/source_pullers.h"
#include "ports/clock.h"
#include "ports/control.h"
#include "ports/store.h"

namespace pawl {

class ControlService : public Control {
 public:
  struct Parts {
    Loop& loop;
    Replies& replies;
    Published& published;
    ChangeFeed& changes;
    SourcePullers& pullers;
    const StoreReader& store;
    const Clock& clock;
    std::string secrets_directory;
  };
  explicit ControlService(Parts parts) : parts_(std::move(parts)) {}

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

 private:
  // Hands the event over and waits for its answer.
  [[nodiscard]] Result<Reply> ask(RequestId request, Event event);

  Parts parts_;
};

}  // namespace pawl
