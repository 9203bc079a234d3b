#include "model/pipeline.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/log.h"
#include "model/pipeline_json.h"

namespace pawl {
namespace {

bool is_integer(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  return code == std::errc{} && stop == end;
}

bool is_number(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  return code == std::errc{} && stop == end && std::isfinite(value);
}

bool is_of_type(ParamType type, std::string_view text) {
  switch (type) {
    case ParamType::kString:
      return true;
    case ParamType::kInteger:
      return is_integer(text);
    case ParamType::kNumber:
      return is_number(text);
    case ParamType::kBoolean:
      return text == "true" || text == "false";
  }
  return false;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + escape_control(word);
  return text;
}

// "takes one of full, delta", "takes an integer".
std::string what_it_takes(const Param& param) {
  if (!param.allowed.empty()) return "takes one of " + join(param.allowed);
  switch (param.type) {
    case ParamType::kString:
      return "takes a string";
    case ParamType::kInteger:
      return "takes an integer";
    case ParamType::kNumber:
      return "takes a number";
    case ParamType::kBoolean:
      return "takes true or false";
  }
  return "";
}

Error invalid(std::string message) { return Error{ErrorKind::kInvalid, std::move(message), {}}; }

// The start of a value, for a message.
std::string excerpt(std::string_view value) {
  constexpr std::size_t kShown = 100;
  return "'" + escape_control(value.substr(0, kShown)) + (value.size() > kShown ? "...'" : "'");
}

Result<void> check_value(const Param& param, const std::string& value) {
  const std::string name = "param '" + param.name + "' ";
  if (value.size() > limits::kParamValueBytes) {
    return invalid(name + "has a value of " + std::to_string(value.size()) + " bytes; at most " +
                   std::to_string(limits::kParamValueBytes) + " are allowed");
  }
  if (value.find('\0') != std::string::npos) {
    return invalid(name + "has a NUL byte in its value; no environment variable can hold one");
  }
  const bool listed = param.allowed.empty() || std::find(param.allowed.begin(), param.allowed.end(),
                                                         value) != param.allowed.end();
  if (!listed || !is_of_type(param.type, value)) {
    return invalid(name + what_it_takes(param) + ", not " + excerpt(value));
  }
  return {};
}

Result<void> check_names(const Pipeline& pipeline, const Variables& given) {
  std::vector<std::string> known;
  for (const Param& param : pipeline.params) known.push_back(param.name);
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : given) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return invalid("pipeline '" + pipeline.name + "' has no param " + excerpt(name) +
                     (known.empty() ? "; it takes none" : "; it takes " + join(known)));
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return invalid("param '" + name + "' is given twice");
    }
    seen.push_back(name);
  }
  return {};
}

// In the order of the enums.
constexpr std::array<std::string_view, 8> kTriggerRules = {"all_success", "all_failed", "all_done",
                                                           "one_success", "one_failed", "one_done",
                                                           "none_failed", "always"};
constexpr std::array<std::string_view, 5> kHooks = {"", "on_success", "on_failure", "on_cancel",
                                                    "on_exit"};

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::optional<WallTime> CronTrigger::next(WallTime after) const {
  const auto tick = schedule.next(after.plus_ms(-offset_ms), zone);
  return tick ? std::optional(tick->plus_ms(offset_ms)) : std::nullopt;
}

std::string_view to_string(TriggerRule rule) {
  return kTriggerRules.at(static_cast<std::size_t>(rule));
}

std::string_view to_string(Hook hook) { return kHooks.at(static_cast<std::size_t>(hook)); }

std::optional<TriggerRule> parse_trigger_rule(std::string_view text) {
  const auto found = std::find(kTriggerRules.begin(), kTriggerRules.end(), text);
  if (found == kTriggerRules.end()) return std::nullopt;
  return static_cast<TriggerRule>(found - kTriggerRules.begin());
}

std::optional<Hook> parse_hook(std::string_view text) {
  const auto found = std::find(kHooks.begin(), kHooks.end(), text);
  if (found == kHooks.end()) return std::nullopt;
  return static_cast<Hook>(found - kHooks.begin());
}

Sha256 content_hash(const Pipeline& pipeline) {
  Json::Object members = to_json(pipeline).members();
  PAWL_ASSERT(!members.empty() && members.back().first == "origin");
  members.pop_back();
  return sha256(Json(std::move(members)).dump());
}

bool is_valid_name(std::string_view name) {
  if (name.empty() || name.size() > limits::kNameBytes || !is_name_start(name.front()))
    return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_name_start(c) || c == '.' || c == '_' || c == '-'; });
}

Result<Variables> resolve_params(const Pipeline& pipeline, const Variables& given) {
  PAWL_CHECK(check_names(pipeline, given));
  Variables resolved;
  for (const Param& param : pipeline.params) {
    const auto found = std::find_if(given.begin(), given.end(),
                                    [&](const auto& entry) { return entry.first == param.name; });
    if (found == given.end() && !param.fallback) {
      return invalid("param '" + param.name + "' needs a value; it " + what_it_takes(param));
    }
    const std::string& value = found != given.end() ? found->second : *param.fallback;
    PAWL_CHECK(check_value(param, value));
    resolved.emplace_back(param.name, value);
  }
  return resolved;
}

}  // namespace pawl
