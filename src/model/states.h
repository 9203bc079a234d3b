// The states of runs, tasks and attempts, with SPEC §3's words. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pawl {

// The numbers are stored: never reorder, only append.
enum class Status : std::uint8_t {
  kPending = 0,
  kRunning = 1,
  kSuccess = 2,
  kFailed = 3,
  kCancelled = 4,
  kSkipped = 5,
};

enum class Reason : std::uint8_t {
  kNone = 0,
  kExitCode = 1,
  kOom = 2,
  kTimeout = 3,
  kLost = 4,
  kImage = 5,
  kPolicy = 6,
  kUpstream = 7,
  kCondition = 8,
  kConflict = 9,
  kDeadline = 10,
  kEngine = 11,
};

enum class TriggerKind : std::uint8_t {
  kCron = 0,
  kWebhook = 1,
  kManual = 2,
  kRetry = 3,
  kPipeline = 4,
};

inline constexpr int kStatusCount = 6;
inline constexpr int kReasonCount = 12;
inline constexpr int kTriggerKindCount = 5;

[[nodiscard]] std::string_view to_string(Status status);
[[nodiscard]] std::string_view to_string(Reason reason);  // "" for kNone
[[nodiscard]] std::string_view to_string(TriggerKind kind);
[[nodiscard]] std::optional<Status> parse_status(std::string_view text);
[[nodiscard]] std::optional<Reason> parse_reason(std::string_view text);
[[nodiscard]] std::optional<TriggerKind> parse_trigger_kind(std::string_view text);

// success, failed, cancelled and skipped never change again.
[[nodiscard]] inline bool is_final(Status status) {
  return status != Status::kPending && status != Status::kRunning;
}

}  // namespace pawl
