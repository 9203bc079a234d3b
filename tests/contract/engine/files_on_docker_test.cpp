// Workspaces, outputs and secrets with the worker pool on the real engine: what tasks see of them, what hostile
// ones can do with them, and that nothing is left.
#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "contract/engine/pool_fixture.h"
#include "exec/container_spec.h"
#include "support/docker_daemon.h"

using namespace pawl;

namespace {

using Kind = AttemptOutcome::Kind;

struct Fixture : PoolFixture {
  Fixture() : PoolFixture(DockerDaemon::instance().socket(), DockerDaemon::instance().image()) {}
  ~Fixture() { DockerDaemon::instance().remove_containers("dev.pawl.instance=" + instance); }

  RunAttempt order_of(std::uint64_t run, const std::string& script) {
    RunAttempt order = this->order(script);
    order.key.run = RunId{run};
    return order;
  }

  // Runs it to its end, in a pool of its own.
  AttemptOutcome run(const RunAttempt& order) {
    RecordingSink sink;
    WorkerPool pool(*engine, sink, clock, settings);
    pool.run(order, {});
    REQUIRE(sink.wait_for<AttemptEnded>());
    output = sink.output();
    notes = sink.notes();
    return outcome_of(sink);
  }

  [[nodiscard]] std::vector<VolumeSummary> volumes() {
    auto list = engine->list_volumes("dev.pawl.instance", instance, {});
    REQUIRE(list);
    return *list;
  }

  // The containers and then the workspace, as the core orders it; returns once it is gone.
  void end_run(const std::vector<RunAttempt>& orders) {
    RecordingSink sink;
    WorkerPool pool(*engine, sink, clock, settings);
    for (const RunAttempt& order : orders) pool.remove(RemoveContainer{order.key});
    const RunId run = orders.front().key.run;
    pool.remove(RemoveWorkspace{run});
    for (int i = 0; i < 600; ++i) {
      const auto all = volumes();
      if (std::none_of(all.begin(), all.end(), [&](const VolumeSummary& volume) {
            return volume.name == workspace_name(instance, run);
          })) {
        return;
      }
      ::usleep(100'000);
    }
    FAIL("the workspace did not go within a minute");
  }

  std::string output;
  std::string notes;
};

}  // namespace

TEST_CASE("tasks of a run share its workspace, another run's do not see it, and it goes") {
  Fixture fixture;
  const RunAttempt first =
      fixture.order_of(5,
                       "busybox stat -c '%a %u' . && id -u && busybox mkdir d && "
                       "echo shared > d/f && pwd && echo $PAWL_WORKSPACE");
  CHECK(fixture.run(first).exit_code == 0);
  CHECK(fixture.output == "1777 0\n65534\n/workspace\n/workspace\n");
  const RunAttempt second = fixture.order_of(5, "cat d/f; echo more >> d/f");
  CHECK(fixture.run(second).exit_code == 0);
  CHECK(fixture.output == "shared\n");
  // Another user reads what is readable, and may not remove what is not its own.
  RunAttempt third = fixture.order_of(
      5, "id -u; cat d/f; busybox rm -r d 2>/dev/null || echo kept; touch own && echo written");
  fixture.pipeline->tasks.back().user = "1000";
  CHECK(fixture.run(third).exit_code == 0);
  CHECK(fixture.output == "1000\nshared\nmore\nkept\nwritten\n");
  // The second attempt of a task sees what the first one left.
  RunAttempt again = first;
  again.key.attempt = 2;
  again.command = {"sh", "-c", "ls"};
  CHECK(fixture.run(again).exit_code == 0);
  CHECK(fixture.output == "d\nown\n");

  const RunAttempt other = fixture.order_of(6, "ls; echo nothing else");
  CHECK(fixture.run(other).exit_code == 0);
  CHECK(fixture.output == "nothing else\n");
  CHECK(fixture.volumes().size() == 2);

  fixture.end_run({first, second, third, again});
  CHECK(fixture.volumes().size() == 1);
  fixture.end_run({other});
  CHECK(fixture.volumes().empty());
}

TEST_CASE("tasks that run at once share it as well") {
  Fixture fixture;
  RecordingSink sink;
  WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
  std::vector<RunAttempt> orders;
  for (int i = 0; i < 4; ++i) {
    const std::string own = std::to_string(i);
    // Each waits for all the others' files.
    orders.push_back(fixture.order(
        "touch " + own + "; for n in 0 1 2 3; do while ! cat $n; do sleep 0.1; done; done"));
  }
  for (const RunAttempt& order : orders) pool.run(order, {});
  REQUIRE(sink.wait_for<AttemptEnded>(4));
  for (const AttemptEnded& ended : sink.events<AttemptEnded>()) {
    CHECK(ended.outcome.exit_code == 0);
  }
  CHECK(fixture.volumes().size() == 1);
}

TEST_CASE("a workspace may be as hostile as it likes: it goes, and what it points at stays") {
  Fixture fixture;
  TempDirectory outside;
  const std::string victim = outside / "victim";
  std::ofstream(victim) << "precious";
  const RunAttempt order = fixture.order(
      "busybox ln -s " + outside.path() +
      " outside; busybox ln -s /etc etc; "
      "busybox ln -s / root; busybox ln -s ../../.. up; busybox ln -s loop loop; "
      "busybox mkdir -p a/b/c; touch a/b/c/f; chmod 0 a/b/c a/b; "
      "busybox mkfifo fifo; touch -- -rf '*' ' ' \"$(printf 'x\\ny')\" \"$(printf '\\377')\"; "
      "i=0; while [ $i -lt 900 ]; do busybox mkdir dddd && cd dddd 2>/dev/null || break; "
      "i=$((i+1)); done; "
      "cd /workspace; busybox mkdir many; i=0; while [ $i -lt 3000 ]; do : > many/$i; i=$((i+1)); "
      "done; chmod 0 many; echo done");
  CHECK(fixture.run(order).exit_code == 0);
  CHECK(fixture.output == "done\n");
  const auto before = std::filesystem::last_write_time("/etc");
  fixture.end_run({order});
  CHECK(*read_file(victim, 100) == "precious");
  CHECK(std::filesystem::exists("/etc/passwd"));
  CHECK(std::filesystem::last_write_time("/etc") == before);
}

TEST_CASE("an agent's restart changes nothing in a workspace") {
  Fixture fixture;
  const RunAttempt first = fixture.order("echo kept > f");
  CHECK(fixture.run(first).exit_code == 0);
  // run() makes a pool anew: this one has never opened the workspace.
  const RunAttempt second = fixture.order("cat f; touch g && echo written");
  CHECK(fixture.run(second).exit_code == 0);
  CHECK(fixture.output == "kept\nwritten\n");
}

TEST_CASE("leavings of a killed agent go at the next start") {
  Fixture fixture;
  const RunAttempt ended = fixture.order_of(5, "touch f");
  const RunAttempt live = fixture.order_of(6, "touch f");
  fixture.pipeline->tasks[ended.key.task].outputs = {"version"};
  CHECK(fixture.run(ended).exit_code == 0);
  CHECK(fixture.run(live).exit_code == 0);
  REQUIRE(fixture.engine->remove(fixture.name(ended), {}));
  WorkerPool::Settings settings = fixture.settings;
  settings.find_run = [](RunId run) -> Result<RunDetail> {
    RunDetail detail;
    detail.run.status = run == RunId{5} ? Status::kSuccess : Status::kRunning;
    return detail;
  };
  RecordingSink sink;
  WorkerPool pool(*fixture.engine, sink, fixture.clock, settings);
  pool.list_containers();
  for (int i = 0; i < 600 && fixture.volumes().size() > 1; ++i) ::usleep(100'000);
  pool.stop();
  REQUIRE(fixture.volumes().size() == 1);
  CHECK(fixture.volumes()[0].name == workspace_name(fixture.instance, RunId{6}));
  CHECK(settings.files.list().empty());
}

TEST_CASE("outputs are read after the end, up to their bounds") {
  Fixture fixture;
  const RunAttempt order = fixture.order("placeholder");
  fixture.pipeline->tasks.back().outputs = {"a", "b"};
  const auto run = [&](const std::string& script) {
    static std::uint32_t attempt = 0;
    RunAttempt next = order;
    next.key.attempt = ++attempt;
    next.command = {"sh", "-c", script};
    return fixture.run(next);
  };
  CHECK(run("echo a=1 >> $PAWL_OUTPUT; printf 'b<<E\\nx\\ny\\nE\\n' >> $PAWL_OUTPUT; exit 3")
            .outputs == Variables{{"a", "1"}, {"b", "x\ny"}});
  CHECK(run("echo c=1 >> $PAWL_OUTPUT").outputs.empty());
  CHECK(fixture.notes.find("names 'c'") != std::string::npos);
  // 64 KB to the byte, and one more.
  CHECK(run("echo a=1 > $PAWL_OUTPUT; yes '' | head -c 65532 >> $PAWL_OUTPUT").outputs ==
        Variables{{"a", "1"}});
  CHECK(run("echo a=1 > $PAWL_OUTPUT; yes '' | head -c 65533 >> $PAWL_OUTPUT").outputs.empty());
  CHECK(fixture.notes.find("more than 65536 bytes") != std::string::npos);
  const AttemptOutcome filled = run("yes a=1 | head -c 104857600 > $PAWL_OUTPUT; echo $?");
  CHECK(filled.exit_code == 0);
  CHECK(filled.outputs.empty());
  // The mount is the file: it can be emptied, but not replaced.
  CHECK(run("busybox rm $PAWL_OUTPUT 2>/dev/null; "
            "busybox ln -sf /etc/passwd $PAWL_OUTPUT 2>/dev/null; "
            "busybox mv /etc/passwd $PAWL_OUTPUT 2>/dev/null; "
            "busybox ln $PAWL_OUTPUT /workspace/x 2>/dev/null; chmod 0 $PAWL_OUTPUT 2>/dev/null; "
            "echo a=9 >> $PAWL_OUTPUT; : > $PAWL_OUTPUT; echo a=2 >> $PAWL_OUTPUT")
            .outputs == Variables{{"a", "2"}});
}

TEST_CASE("outputs of a task that outlives its agent are read by the next one") {
  Fixture fixture;
  const RunAttempt order =
      fixture.order("echo ready; while ! cat go; do sleep 0.1; done; echo v=1 >> $PAWL_OUTPUT");
  fixture.pipeline->tasks.back().outputs = {"v"};
  RecordingSink first;
  {
    WorkerPool pool(*fixture.engine, first, fixture.clock, fixture.settings);
    pool.run(order, {});
    REQUIRE(first.wait_for_text("ready\n"));
    pool.stop();
  }
  CHECK(fixture.run(fixture.order("touch go")).exit_code == 0);
  RunAttempt again = order;
  again.recovered = true;
  again.expect_started = true;
  CHECK(fixture.run(again).outputs == Variables{{"v", "1"}});
}

TEST_CASE("secrets: a file that any user reads and nobody writes, and a variable") {
  Fixture fixture;
  fixture.secrets = {{"key", "line\nline\n"}, {"token", "t0k3n\n"}};
  const RunAttempt order = fixture.order(
      "sed 's/i/I/' /run/secrets/key; cat /run/secrets/key; busybox stat -c %a /run/secrets/key; "
      "(echo x > /run/secrets/key) 2>/dev/null || echo refused; "
      "chmod 666 /run/secrets/key 2>/dev/null || echo refused; "
      "busybox rm -f /run/secrets/key 2>/dev/null || echo refused; echo \"${TOKEN}X\" | sed "
      "'s/k/K/'; echo \"$TOKEN\"");
  fixture.pipeline->tasks.back().secrets = {{"key", "/run/secrets/key", ""},
                                            {"token", "", "TOKEN"}};
  SUBCASE("as nobody") {}
  SUBCASE("as root") { fixture.pipeline->tasks.back().user = "0"; }
  CHECK(fixture.run(order).exit_code == 0);
  CHECK(fixture.output == "lIne\nlIne\n***\n444\nrefused\nrefused\nrefused\nt0K3nX\n***\n");
  CHECK(fixture.notes.find("t0k3n") == std::string::npos);
  CHECK(std::filesystem::exists(fixture.directory / "secrets"));
  fixture.end_run({order});
  CHECK(std::filesystem::is_empty(fixture.directory / "secrets"));
}

TEST_CASE("a secret that is missing keeps the container from being made") {
  Fixture fixture;
  const RunAttempt order = fixture.order("true");
  fixture.pipeline->tasks.back().secrets = {{"db", "/run/secrets/db", ""}};
  const AttemptOutcome outcome = fixture.run(order);
  CHECK(outcome.kind == Kind::kNotStarted);
  CHECK(outcome.failure == Reason::kPolicy);
  CHECK(outcome.message.find("/etc/pawl/secrets/db") != std::string::npos);
  CHECK(fixture.engine->list("dev.pawl.instance", fixture.instance, {})->empty());
}

TEST_CASE("a task that may write to its image has the same workspace") {
  Fixture fixture;
  const RunAttempt order = fixture.order("touch f && echo written");
  fixture.pipeline->tasks.back().read_only = false;
  CHECK(fixture.run(order).exit_code == 0);
  CHECK(fixture.output == "written\n");
}
