// Output as a real engine cuts it up, through the collector.
#include <doctest/doctest.h>

#include <string>

#include "contract/engine/pool_fixture.h"
#include "model/limits.h"
#include "support/docker_daemon.h"

using namespace pawl;

namespace {

struct Fixture : PoolFixture {
  Fixture() : PoolFixture(DockerDaemon::instance().socket(), DockerDaemon::instance().image()) {}
  ~Fixture() { DockerDaemon::instance().remove_containers("dev.pawl.instance=" + instance); }
};

std::string text_of(const RecordingSink& sink, LogStream stream) {
  std::string text;
  for (const LogRecord& record : sink.records()) {
    if (record.stream == stream) text += record.text;
  }
  return text;
}

}  // namespace

TEST_CASE("a line of 1 MB with a secret where the engine cuts it, and an end without a newline") {
  Fixture fixture;
  fixture.secrets["token"] = "t0k3n-of-the-host\n";
  constexpr std::size_t kEngineCut = 16 * 1024;  // of the json-file driver
  constexpr std::size_t kLine = 1024 * 1024;
  RecordingSink sink;
  WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
  const RunAttempt order =
      fixture.order("{ head -c " + std::to_string(kEngineCut - 5) +
                    " /dev/zero | tr '\\0' x; printf %s \"$TOKEN\"; "
                    "head -c " +
                    std::to_string(kLine) +
                    " /dev/zero | tr '\\0' y; "
                    "printf %s \"$TOKEN\" | base64; } | cat; { printf 'err \\377'; head -c 1 "
                    "/dev/zero; printf ' without newline'; } >&2");
  fixture.pipeline->tasks.back().secrets = {{"token", "", "TOKEN"}};
  pool.run(order, {});
  REQUIRE(sink.wait_for<AttemptEnded>());
  CHECK(outcome_of(sink).kind == AttemptOutcome::Kind::kExited);
  CHECK_FALSE(outcome_of(sink).log_incomplete);
  const bool as_expected =
      text_of(sink, LogStream::kStdout) ==
      std::string(kEngineCut - 5, 'x') + "***" + std::string(kLine, 'y') + "***Q=\n";
  CHECK(as_expected);
  // The engine's own log is JSON: what is not UTF-8 it keeps as U+FFFD. A zero byte it keeps.
  CHECK(text_of(sink, LogStream::kStderr) == std::string("err \xef\xbf\xbd\0 without newline", 24));
  for (const LogRecord& record : sink.records()) {
    CHECK(record.text.size() <= limits::kLogLineBytes + 2);
  }
  pool.stop();
}
