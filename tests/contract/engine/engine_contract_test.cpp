// What ports/container_engine.h promises, held against the fake engine and the real dockerd.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <vector>

#include "contract/engine/harness.h"
#include "exec/log_collector.h"
#include "support/manual_clock.h"
#include "support/recording_sink.h"

using namespace pawl;

namespace {

using Phase = ContainerState::Phase;

struct Sink : LogSink {
  std::vector<LogRecord> records;
  std::function<bool()> after_take = [] { return true; };
  bool take(LogRecord&& record) override {
    records.push_back(std::move(record));
    return after_take();
  }
  std::optional<std::int64_t> before_wait() override { return -1; }

  [[nodiscard]] std::string text() const {
    std::string all;
    for (const LogRecord& record : records) all += record.text;
    return all;
  }
};

template <typename Harness>
std::string run_to_end(Harness& harness, const TestProgram& program) {
  const ContainerSpec spec = harness.spec(program);
  REQUIRE(harness.engine().create(spec, {}));
  REQUIRE(harness.engine().start(spec.name, {}));
  REQUIRE(harness.engine().wait(spec.name, 60'000, {}));
  return spec.name;
}

}  // namespace

TEST_CASE_TEMPLATE("a container's life", Harness, PAWL_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  const ContainerSpec spec = harness.spec(programs::hello());
  const auto id = engine.create(spec, {});
  REQUIRE(id);
  auto state = engine.inspect(spec.name, {});
  REQUIRE(state);
  CHECK(state->id == *id);
  CHECK(state->phase == Phase::kCreated);
  CHECK(state->labels == spec.labels);
  CHECK_FALSE(state->started_at.is_set());
  REQUIRE(engine.start(spec.name, {}));
  state = engine.wait(spec.name, 60'000, {});
  REQUIRE(state);
  CHECK(state->phase == Phase::kExited);
  CHECK(state->exit_code == 3);
  CHECK_FALSE(state->oom_killed);
  CHECK(state->error.empty());
  CHECK(state->started_at.is_set());
  CHECK(state->ended_at.ms >= state->started_at.ms);
  // By its id as by its name.
  CHECK(engine.inspect(*id, {})->phase == Phase::kExited);
}

TEST_CASE_TEMPLATE("the output: both streams, in order, with rising times", Harness, PAWL_ENGINES) {
  Harness harness;
  const std::string name = run_to_end(harness, programs::hello());
  Sink sink;
  REQUIRE(harness.engine().follow_logs(name, 0, sink, {}));
  REQUIRE(sink.records.size() == 2);
  CHECK(sink.records[0].stream == LogStream::kStdout);
  CHECK(sink.records[0].text == "out\n");
  CHECK(sink.records[1].stream == LogStream::kStderr);
  CHECK(sink.records[1].text == "err\n");
  CHECK(sink.records[0].time_ns > 1'600'000'000'000'000'000);
  CHECK(sink.records[1].time_ns >= sink.records[0].time_ns);
  if (!Harness::kExactLogTimes) return;
  CHECK(sink.records[1].time_ns > sink.records[0].time_ns);

  // Again, from the second one on: inclusive.
  Sink rest;
  REQUIRE(harness.engine().follow_logs(name, sink.records[1].time_ns, rest, {}));
  CHECK(rest.records == std::vector<LogRecord>{sink.records[1]});
  Sink nothing;
  REQUIRE(harness.engine().follow_logs(name, sink.records[1].time_ns + 1, nothing, {}));
  CHECK(nothing.records.empty());
}

TEST_CASE_TEMPLATE("output of every kind arrives byte for byte", Harness, PAWL_ENGINES) {
  Harness harness;
  const std::string name = run_to_end(harness, programs::odd_output());
  Sink sink;
  REQUIRE(harness.engine().follow_logs(name, 0, sink, {}));
  CHECK(sink.text() == std::string("a\0b\n", 4) + std::string(40'000, 'x') + "\n" + "end");
  for (const LogRecord& record : sink.records) {
    CHECK(record.text.size() <= limits::kLogLineBytes);
  }
}

TEST_CASE_TEMPLATE("a log that breaks off is told apart, and goes on without a gap or a repetition",
                   Harness, PAWL_CONTAINER_ENGINES) {
  Harness harness;
  const std::string name = run_to_end(harness, programs::many_lines());
  ManualClock clock;
  RecordingSink recording;
  LogCollector collector(AttemptKey{RunId{1}, 0, 1}, recording, clock, {}, [] { return true; });
  // Passes on to the collector, and breaks the connection every few hundred records.
  struct Breaker : LogSink {
    LogCollector& next;
    Harness& harness;
    std::uint64_t cut_at = 500;
    Breaker(LogCollector& n, Harness& h) : next(n), harness(h) {}
    bool take(LogRecord&& record) override {
      const bool more = next.take(std::move(record));
      if (next.taken() >= cut_at) {
        cut_at += 10'000;
        harness.cut();
      }
      return more;
    }
    std::optional<std::int64_t> before_wait() override { return next.before_wait(); }
  } breaker(collector, harness);
  int broken = 0;
  while (true) {
    const std::int64_t since_ns = collector.begin_stream();
    const auto read = harness.engine().follow_logs(name, since_ns, breaker, {});
    if (read) break;
    REQUIRE(read.error().kind == ErrorKind::kUnavailable);
    REQUIRE(++broken < 100);
  }
  CHECK(broken >= 1);
  REQUIRE(collector.flush());
  std::string expected;
  for (int i = 1; i <= kManyLines; ++i) expected += std::to_string(i) + "\n";
  CHECK(recording.output() == expected);
}

TEST_CASE_TEMPLATE("a log is followed while the container runs, to its end", Harness,
                   PAWL_ENGINES) {
  Harness harness;
  const ContainerSpec spec = harness.spec(programs::waits());
  REQUIRE(harness.engine().create(spec, {}));
  REQUIRE(harness.engine().start(spec.name, {}));
  Sink sink;
  sink.after_take = [&] {
    CHECK(harness.engine().kill(spec.name, SIGKILL, {}));
    return true;
  };
  CHECK(harness.engine().follow_logs(spec.name, 0, sink, {}));
  CHECK(sink.text() == "ready\n");
}

TEST_CASE_TEMPLATE("following ends when asked to, also while the container is silent", Harness,
                   PAWL_ENGINES) {
  Harness harness;
  const ContainerSpec spec = harness.spec(programs::waits());
  REQUIRE(harness.engine().create(spec, {}));
  REQUIRE(harness.engine().start(spec.name, {}));
  std::stop_source stop;
  Sink sink;
  std::thread stopper;
  sink.after_take = [&] {
    stopper = std::thread([&] { stop.request_stop(); });
    return true;
  };
  const auto followed = harness.engine().follow_logs(spec.name, 0, sink, stop.get_token());
  stopper.join();
  REQUIRE_FALSE(followed);
  CHECK(followed.error().kind == ErrorKind::kCancelled);
  CHECK(sink.text() == "ready\n");
  Sink unwilling;
  unwilling.after_take = [] { return false; };
  CHECK(harness.engine().follow_logs(spec.name, 0, unwilling, {}).error().kind ==
        ErrorKind::kCancelled);
  CHECK(harness.engine().inspect(spec.name, {})->phase == Phase::kRunning);
}

TEST_CASE_TEMPLATE("waiting and signals", Harness, PAWL_ENGINES) {
  for (const int signal : {SIGTERM, SIGKILL}) {
    CAPTURE(signal);
    Harness harness;
    ContainerEngine& engine = harness.engine();
    const ContainerSpec spec = harness.spec(programs::waits());
    REQUIRE(engine.create(spec, {}));
    REQUIRE(engine.kill(spec.name, signal, {}));  // it does not run yet
    REQUIRE(engine.start(spec.name, {}));
    CHECK(engine.inspect(spec.name, {})->phase == Phase::kRunning);
    CHECK(engine.wait(spec.name, 1, {}).error().kind == ErrorKind::kTimeout);
    // Until it has replaced the shell, a signal would reach that.
    Sink sink;
    sink.after_take = [] { return false; };
    CHECK_FALSE(engine.follow_logs(spec.name, 0, sink, {}));
    REQUIRE(engine.kill(spec.name, signal, {}));
    const auto state = engine.wait(spec.name, 60'000, {});
    REQUIRE(state);
    CHECK(state->phase == Phase::kExited);
    CHECK(state->exit_code == 128 + signal);
    CHECK_FALSE(state->oom_killed);
    REQUIRE(engine.kill(spec.name, signal, {}));  // not any more
  }
}

TEST_CASE_TEMPLATE("starting one that runs changes nothing", Harness, PAWL_ENGINES) {
  Harness harness;
  const ContainerSpec spec = harness.spec(programs::waits());
  REQUIRE(harness.engine().create(spec, {}));
  REQUIRE(harness.engine().start(spec.name, {}));
  const auto before = harness.engine().inspect(spec.name, {});
  REQUIRE(harness.engine().start(spec.name, {}));
  CHECK(harness.engine().inspect(spec.name, {})->started_at == before->started_at);
}

TEST_CASE_TEMPLATE("names are taken once", Harness, PAWL_ENGINES) {
  Harness harness;
  const ContainerSpec spec = harness.spec(programs::hello());
  const auto first = harness.engine().create(spec, {});
  REQUIRE(first);
  const auto second = harness.engine().create(spec, {});
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::kConflict);
  CHECK(harness.engine().inspect(spec.name, {})->id == *first);
}

TEST_CASE_TEMPLATE("what is not there", Harness, PAWL_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  ContainerSpec spec = harness.spec(programs::hello());
  CHECK(engine.has_image(spec.image, {}).value());
  if (engine.info({})->containers) {
    spec.image = "pawl-test-no-such-image:1";
    CHECK_FALSE(engine.has_image(spec.image, {}).value());
    CHECK(engine.create(spec, {}).error().kind == ErrorKind::kNotFound);
  }
  const std::string name = spec.name;
  CHECK(engine.start(name, {}).error().kind == ErrorKind::kNotFound);
  CHECK(engine.inspect(name, {}).error().kind == ErrorKind::kNotFound);
  CHECK(engine.wait(name, 1000, {}).error().kind == ErrorKind::kNotFound);
  Sink sink;
  CHECK(engine.follow_logs(name, 0, sink, {}).error().kind == ErrorKind::kNotFound);
  CHECK(engine.kill(name, SIGKILL, {}));
  CHECK(engine.remove(name, {}));
}

TEST_CASE_TEMPLATE("removal, running or not, once or twice", Harness, PAWL_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  for (const bool running : {false, true}) {
    const ContainerSpec spec = harness.spec(programs::waits());
    REQUIRE(engine.create(spec, {}));
    if (running) REQUIRE(engine.start(spec.name, {}));
    CHECK(engine.remove(spec.name, {}));
    CHECK(engine.remove(spec.name, {}));
    CHECK(engine.inspect(spec.name, {}).error().kind == ErrorKind::kNotFound);
    CHECK(engine.create(spec, {}));  // the name is free again
  }
}

TEST_CASE_TEMPLATE("a volume: made with a container, shared, kept while one has it, and removed",
                   Harness, PAWL_CONTAINER_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  ContainerSpec first = harness.spec(programs::hello());
  ContainerSpec second = harness.spec(programs::hello());
  Mount mount;
  mount.kind = Mount::Kind::kVolume;
  mount.source = first.name + "-volume";
  mount.target = "/workspace";
  mount.read_only = false;
  mount.labels = {{harness.label(), harness.label_value()}, {"more", "1"}};
  first.mounts = second.mounts = {mount};
  CHECK(engine.remove_volume(mount.source, {}));
  for (const ContainerSpec& spec : {first, second}) REQUIRE(engine.create(spec, {}));
  const auto list = engine.list_volumes(harness.label(), harness.label_value(), {});
  REQUIRE(list);
  REQUIRE(list->size() == 1);
  CHECK((*list)[0].name == mount.source);
  CHECK((*list)[0].labels == mount.labels);
  CHECK(engine.list_volumes(harness.label(), harness.label_value() + "x", {})->empty());
  CHECK(engine.remove_volume(mount.source, {}).error().kind == ErrorKind::kConflict);
  REQUIRE(engine.remove(first.name, {}));
  CHECK(engine.remove_volume(mount.source, {}).error().kind == ErrorKind::kConflict);
  REQUIRE(engine.remove(second.name, {}));
  CHECK(engine.remove_volume(mount.source, {}));
  CHECK(engine.list_volumes(harness.label(), harness.label_value(), {})->empty());
  CHECK(engine.remove_volume(mount.source, {}));
}

TEST_CASE_TEMPLATE("a file that is not there cannot be mounted", Harness, PAWL_CONTAINER_ENGINES) {
  Harness harness;
  ContainerSpec spec = harness.spec(programs::hello());
  Mount mount;
  mount.source = "/nonexistent/" + spec.name;
  mount.target = "/file";
  spec.mounts = {mount};
  const auto created = harness.engine().create(spec, {});
  REQUIRE_FALSE(created);
  CHECK(created.error().kind == ErrorKind::kInvalid);
  CHECK(created.error().message.find(mount.source) != std::string::npos);
  CHECK(harness.engine().inspect(spec.name, {}).error().kind == ErrorKind::kNotFound);
}

TEST_CASE_TEMPLATE("the list by label", Harness, PAWL_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    ContainerSpec spec = harness.spec(programs::waits());
    spec.labels["number"] = std::to_string(i);
    REQUIRE(engine.create(spec, {}));
    names.push_back(spec.name);
  }
  REQUIRE(engine.start(names[1], {}));
  const auto all = engine.list(harness.label(), harness.label_value(), {});
  REQUIRE(all);
  std::vector<std::string> listed;
  for (const ContainerSummary& container : *all) {
    listed.push_back(container.name);
    CHECK(engine.inspect(container.id, {})->labels == container.labels);
  }
  std::sort(listed.begin(), listed.end());
  std::sort(names.begin(), names.end());
  CHECK(listed == names);
  const auto none = engine.list(harness.label(), harness.label_value() + "x", {});
  REQUIRE(none);
  CHECK(none->empty());
}

TEST_CASE_TEMPLATE("a task over its memory is killed, and the engine says why", Harness,
                   PAWL_ENGINES) {
  // Ten times: the kernel's report and the end of the process are two messages.
  for (int i = 0; i < 10; ++i) {
    Harness harness;
    const std::string name = run_to_end(harness, programs::eats_memory());
    const auto state = harness.engine().inspect(name, {});
    REQUIRE(state);
    CHECK(state->oom_killed);
    CHECK(state->exit_code == 137);
  }
}

TEST_CASE_TEMPLATE(
    "a task that kills itself: out of memory by a guess in its first second, not later", Harness,
    PAWL_REAL_ENGINES) {
  for (const bool at_once : {true, false}) {
    CAPTURE(at_once);
    Harness harness;
    const std::string name =
        run_to_end(harness, {std::string(at_once ? "" : "sleep 1.1; ") + "kill -9 $$", {}});
    const auto state = harness.engine().inspect(name, {});
    REQUIRE(state);
    CHECK(state->exit_code == 137);
    const bool first_second = state->ended_at.ms - state->started_at.ms < 1'000;
    CHECK(state->oom_killed == first_second);
    if (!at_once) CHECK_FALSE(first_second);
  }
}

TEST_CASE_TEMPLATE("info", Harness, PAWL_ENGINES) {
  Harness harness;
  const auto info = harness.engine().info({});
  REQUIRE(info);
  CHECK_FALSE(info->version.empty());
  CHECK(info->api_version.starts_with("1."));
  CHECK(info->cpus > 0);
  CHECK(info->memory_bytes > 0);
  CHECK(info->incarnation == harness.engine().incarnation());
}

TEST_CASE_TEMPLATE("a call that is stopped ends", Harness, PAWL_ENGINES) {
  Harness harness;
  const ContainerSpec spec = harness.spec(programs::waits());
  REQUIRE(harness.engine().create(spec, {}));
  REQUIRE(harness.engine().start(spec.name, {}));
  std::stop_source stop;
  std::thread stopper([&] { stop.request_stop(); });
  CHECK(harness.engine().wait(spec.name, 600'000, stop.get_token()).error().kind ==
        ErrorKind::kCancelled);
  stopper.join();
}
