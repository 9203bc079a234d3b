#include "model/states.h"

#include <array>

namespace pawl {
namespace {

constexpr std::array<std::string_view, kStatusCount> kStatusNames = {
    "pending", "running", "success", "failed", "cancelled", "skipped"};
constexpr std::array<std::string_view, kReasonCount> kReasonNames = {
    "",       "exit_code", "oom",       "timeout",  "lost",     "image",
    "policy", "upstream",  "condition", "conflict", "deadline", "engine"};
constexpr std::array<std::string_view, kTriggerKindCount> kTriggerKindNames = {
    "cron", "webhook", "manual", "retry", "pipeline"};

template <typename Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Status status) { return kStatusNames[static_cast<std::size_t>(status)]; }
std::string_view to_string(Reason reason) { return kReasonNames[static_cast<std::size_t>(reason)]; }
std::string_view to_string(TriggerKind kind) {
  return kTriggerKindNames[static_cast<std::size_t>(kind)];
}
std::optional<Status> parse_status(std::string_view text) {
  return find<Status>(kStatusNames, text);
}
std::optional<Reason> parse_reason(std::string_view text) {
  return find<Reason>(kReasonNames, text);
}
std::optional<TriggerKind> parse_trigger_kind(std::string_view text) {
  return find<TriggerKind>(kTriggerKindNames, text);
}

}  // namespace pawl
