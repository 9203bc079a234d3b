// A small host as http/ sees it, for its tests: two pipelines, one source, and runs in every state of
// interest, with logs.
#pragma once

#include <string>

#include "support/fake_control.h"
#include "support/fake_store.h"

namespace pawl::test {

inline constexpr const char* kHookSecret = "It's a Secret to Everybody";

// "nightly": a diamond of four tasks (fetch, left, right, join), cron and webhook "backup".
// "tidy": one task, webhooks "backup" (another secret) and "deploy/tidy".
[[nodiscard]] Pipeline make_nightly();
[[nodiscard]] Pipeline make_tidy();

struct HttpWorld {
  FakeControl control;
  FakeStore store;

  // Publishes both pipelines and the source, and stores:
  // run 1: nightly, success, with two attempts of `left` and logs;
  // run 2: nightly, running: `fetch` runs and has logged two lines, the others wait;
  // run 3: tidy, pending.
  HttpWorld();

  void save(const Command& command);
  void append_log(const AttemptKey& key, const std::string& text,
                  LogStream stream = LogStream::kStdout);
  // A further change of run 2's only attempt under way: ends it with this status, and the task.
  void end_fetch(Status status);

 private:
  std::int64_t log_time_ns_ = 1'772'366'400'000'000'000;  // 2026-03-01T12:00:00Z
};

[[nodiscard]] WallTime at(const std::string& time);  // "12:00:01" of 2026-03-01

}  // namespace pawl::test
