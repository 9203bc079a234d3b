// What a webhook trigger asks of a delivery beyond its signature: the event, a condition and params that are expressions
// over the payload. For bodies whose signature was verified only. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/message.h"
#include "model/expression.h"
#include "model/pipeline.h"

namespace pawl::http {

// The delivery as JSON: its body, or the field `payload` of a form, as GitHub sends either. kInvalid: it is none, has a name
// twice in one object, or is deeper than limits::kJsonDepth.
[[nodiscard]] Result<Json> parse_payload(const Request& request);

// A trigger's texts, parsed once for all deliveries.
class WebhookDemands {
 public:
  // kInvalid: a text that config/ would not have let through.
  [[nodiscard]] static Result<WebhookDemands> make(const WebhookTrigger& trigger);

  // `event`: the provider's name of it; empty: the sender named none, or several.
  [[nodiscard]] bool covers_event(std::string_view event) const;
  [[nodiscard]] bool needs_payload() const { return needs_payload_; }
  // The params of the run; nothing when the condition does not hold. `context` has payload and host. Errors: kInvalid,
  // kTooLarge, naming what could not be evaluated.
  [[nodiscard]] Result<std::optional<Variables>> judge(const ExpressionContext& context) const;

 private:
  WebhookDemands() = default;
  Result<void> add_param(const std::string& name, const std::string& text);
  void note_paths(const Template& text);

  std::vector<std::string> events_;
  std::optional<Template> when_;
  std::vector<std::pair<std::string, Template>> params_;
  bool needs_payload_ = false;
};

}  // namespace pawl::http
