#include "http/payload.h"

#include <algorithm>

#include "http/guard.h"
#include "http/target.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

Error bad_payload(const std::string& why) {
  return Error{ErrorKind::kInvalid, "the payload cannot be read: " + why, ""};
}

Error of(const std::string& what, const Error& error) {
  return Error{error.kind, what + ": " + error.text(), ""};
}

Result<Json> parse_json(std::string_view text) {
  Result<Json> json = Json::parse(text, limits::kJsonDepth);
  if (!json) return bad_payload(json.error().text());
  return json;
}

}  // namespace

Result<Json> parse_payload(const Request& request) {
  if (media_type(request.header("content-type")) != "application/x-www-form-urlencoded") {
    return parse_json(request.body);
  }
  const Result<QueryParameters> fields = parse_query(request.body);
  if (!fields) return bad_payload(fields.error().text());
  const auto found = std::find_if(fields->begin(), fields->end(),
                                  [](const auto& field) { return field.first == "payload"; });
  if (found == fields->end()) return bad_payload("the form has no field 'payload'");
  return parse_json(found->second);
}

Result<WebhookDemands> WebhookDemands::make(const WebhookTrigger& trigger) {
  WebhookDemands demands;
  demands.events_ = trigger.events;
  if (!trigger.when.empty()) {
    PAWL_TRY(Template when, Template::parse(trigger.when));
    demands.note_paths(when);
    demands.when_ = std::move(when);
  }
  for (const auto& [name, text] : trigger.params) PAWL_CHECK(demands.add_param(name, text));
  return demands;
}

Result<void> WebhookDemands::add_param(const std::string& name, const std::string& text) {
  PAWL_TRY(Template value, Template::parse(text));
  note_paths(value);
  params_.emplace_back(name, std::move(value));
  return {};
}

void WebhookDemands::note_paths(const Template& text) {
  for (const ExpressionPath& path : text.paths()) {
    if (path.segments.front() == "payload") needs_payload_ = true;
  }
}

bool WebhookDemands::covers_event(std::string_view event) const {
  return events_.empty() || std::find(events_.begin(), events_.end(), event) != events_.end();
}

Result<std::optional<Variables>> WebhookDemands::judge(const ExpressionContext& context) const {
  if (when_) {
    const Result<Json> holds = when_->value(context);
    if (!holds) return of("the trigger's 'when'", holds.error());
    // A text that is no expression is one of the words true and false.
    const bool is_false_word = when_->is_literal() && holds->as_string() == "false";
    if (!is_true(*holds) || is_false_word) return std::optional<Variables>();
  }
  Variables params;
  for (const auto& [name, text] : params_) {
    const Result<Json> value = text.value(context);
    if (!value) return of("param '" + name + "'", value.error());
    if (value->is_null()) continue;
    params.emplace_back(name, text_of(*value));
    if (params.back().second.size() > limits::kParamValueBytes) {
      return Error{
          ErrorKind::kInvalid,
          "param '" + name + "' is over " + std::to_string(limits::kParamValueBytes) + " bytes",
          ""};
    }
  }
  return std::optional<Variables>(std::move(params));
}

}  // namespace pawl::http
