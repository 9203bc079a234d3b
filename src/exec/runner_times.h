// How long exec/ waits for an engine that is away, or a registry that fails; the limits, except in tests. A value.
#pragma once

#include <cstdint>

#include "model/limits.h"

namespace pawl {

struct RunnerTimes {
  std::int64_t backoff_ms = limits::kEngineBackoffMs;
  std::int64_t backoff_max_ms = limits::kEngineBackoffMaxMs;
  std::int64_t give_up_ms = limits::kEngineGiveUpMs;  // of an attempt that cannot have started yet
  std::int64_t settle_ms = limits::kEngineSettleMs;   // before a lost start is believed not to be
  std::int64_t remove_later_ms = limits::kRemoveLaterMs;
  std::int64_t pull_retry_ms = limits::kPullRetryMs;
  std::int64_t pull_retry_max_ms = limits::kPullRetryMaxMs;
  std::int64_t goodbye_ms = limits::kGoodbyeMs;
};

}  // namespace pawl
