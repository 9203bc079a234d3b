// What is special about tasks that are plain processes: they outlive the agent, nothing of them outlives themselves, and
// what keeps them in bounds is this engine's own work.
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>
#include <vector>

#include "base/file.h"
#include "contract/engine/process_harness.h"
#include "model/limits.h"
#include "process/process_engine.h"
#include "process/process_table.h"

using namespace pawl;

namespace {

using Phase = ContainerState::Phase;
namespace fs = std::filesystem;

// An agent in a process of its own, killed with SIGKILL.
void start_by_agent_that_is_killed(const ProcessHarness& harness, const std::string& script) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const std::string directory = harness.directory();
  const std::string value = harness.label_value();
  const pid_t agent = ::fork();
  if (agent == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execl(PAWL_PROCESS_SUPERVISOR, PAWL_PROCESS_SUPERVISOR, "start-and-stay", directory.c_str(),
            script.c_str(), value.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::array<char, 16> line{};
  REQUIRE(::read(ends[0], line.data(), line.size()) > 0);
  ::close(ends[0]);
  REQUIRE(::kill(agent, SIGKILL) == 0);
  REQUIRE(::waitpid(agent, nullptr, 0) == agent);
}

std::size_t bytes_below(const std::string& directory) {
  std::size_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

pid_t pid_in(const std::string& text) { return static_cast<pid_t>(std::stol(text)); }

}  // namespace

TEST_CASE("a task outlives the agent that started it, and the next one knows all about it") {
  ProcessHarness harness;
  start_by_agent_that_is_killed(harness,
                                "echo before; trap 'echo after; exit 7' USR1; "
                                "while true; do sleep 0.05; done");
  harness.make_engine_anew();
  ContainerEngine& engine = harness.engine();
  const auto list = engine.list(harness.label(), harness.label_value(), {});
  REQUIRE(list);
  REQUIRE(list->size() == 1);
  CHECK((*list)[0].running);
  CHECK(engine.inspect("orphan", {})->phase == Phase::kRunning);
  // Until it has set its trap, the signal would end it.
  struct Sink : LogSink {
    std::function<void()> on_take;
    std::string text;
    bool take(LogRecord&& record) override {
      text += record.text;
      on_take();
      return true;
    }
    std::optional<std::int64_t> before_wait() override { return -1; }
  } sink;
  int signals = 0;
  sink.on_take = [&] {
    if (signals++ == 0) CHECK(engine.kill("orphan", SIGUSR1, {}));
  };
  CHECK(engine.follow_logs("orphan", 0, sink, {}));
  const auto state = engine.wait("orphan", 60'000, {});
  REQUIRE(state);
  CHECK(state->ended_at.is_set());
  CHECK((state->exit_code == 7 || state->exit_code == 128 + SIGUSR1));
  CHECK(sink.text.starts_with("before\n"));
}

TEST_CASE("a task of a dead agent is killed as well as any, with all that it started") {
  ProcessHarness harness;
  start_by_agent_that_is_killed(harness, "sleep 1000 & setsid sleep 1000 & echo $!; wait");
  const RunRecord record = harness.run_record("orphan");
  CHECK(process_of(record.task));
  harness.make_engine_anew();
  CHECK(harness.engine().remove("orphan", {}));
  await_process_end(record.task);
  await_process_end(record.supervisor);
  CHECK(harness.engine().inspect("orphan", {}).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a supervisor that is killed leaves nothing running, and no end that could be believed") {
  ProcessHarness harness;
  ContainerEngine& engine = harness.engine();
  const ContainerSpec spec = harness.spec("setsid sleep 1000 & echo $!; echo $$; exec sleep 1000");
  const auto pids = harness.start(spec, 2);
  const RunRecord record = harness.run_record(spec.name);
  CHECK(pid_in(pids[1]) == record.task);
  REQUIRE(::kill(record.supervisor, SIGKILL) == 0);
  const auto state = engine.wait(spec.name, 60'000, {});
  REQUIRE(state);
  CHECK(state->phase == Phase::kExited);
  CHECK_FALSE(state->ended_at.is_set());
  CHECK(state->started_at.is_set());
  CHECK(state->error.find("supervisor died") != std::string::npos);
  for (const std::string& pid : pids) await_process_end(pid_in(pid));
  CHECK(harness.output(spec.name).starts_with(pids[0]));
  CHECK(engine.start(spec.name, {}).error().kind == ErrorKind::kConflict);
  CHECK(engine.remove(spec.name, {}));
}

TEST_CASE("SIGKILL reaches all that a task started, also in sessions of their own") {
  ProcessHarness harness;
  const ContainerSpec spec =
      harness.spec("sleep 1000 & echo $!; setsid sh -c 'sleep 1000 & echo $!; wait' & wait");
  const auto pids = harness.start(spec, 2);
  REQUIRE(harness.engine().kill(spec.name, SIGKILL, {}));
  const auto state = harness.engine().wait(spec.name, 60'000, {});
  REQUIRE(state);
  CHECK(state->exit_code == 128 + SIGKILL);
  for (const std::string& pid : pids) {
    const auto process = process_of(pid_in(pid));
    CHECK((!process || process->dead));
  }
}

TEST_CASE("what a task leaves behind ends with it") {
  ProcessHarness harness;
  const std::string name = harness.run(harness.spec(
      "sleep 1000 & echo $!; (setsid sh -c 'echo $$; trap \"\" TERM HUP INT; sleep 1000' &) ; "
      "sleep 0.3; exit 4"));
  CHECK(harness.engine().inspect(name, {})->exit_code == 4);
  std::istringstream pids(harness.output(name));
  int count = 0;
  for (pid_t pid = 0; pids >> pid; ++count) {
    const auto process = process_of(pid);
    CHECK((!process || process->dead));
  }
  CHECK(count == 2);
}

TEST_CASE("a task is never started twice") {
  ProcessHarness harness;
  ContainerEngine& engine = harness.engine();
  const ContainerSpec spec = harness.spec("echo run; sleep 0.2");
  REQUIRE(engine.create(spec, {}));
  std::vector<std::jthread> starters;
  for (int i = 0; i < 8; ++i) {
    starters.emplace_back([&] { CHECK(engine.start(spec.name, {})); });
  }
  starters.clear();
  REQUIRE(engine.wait(spec.name, 60'000, {}));
  CHECK(engine.start(spec.name, {}).error().kind == ErrorKind::kConflict);
  harness.make_engine_anew();
  CHECK(harness.engine().start(spec.name, {}).error().kind == ErrorKind::kConflict);
  CHECK(harness.output(spec.name) == "run\n");
}

TEST_CASE("an agent that died on the way to a start leaves a task that is not started again") {
  ProcessHarness harness;
  const ContainerSpec spec = harness.spec("echo run");
  REQUIRE(harness.engine().create(spec, {}));
  std::ofstream(harness.task_directory(spec.name) + "/started.json")
      << R"({"format":1,"boot_id":")" << boot_id() << R"(","at":1700000000000})";
  harness.make_engine_anew();
  const auto state = harness.engine().inspect(spec.name, {});
  REQUIRE(state);
  CHECK(state->phase == Phase::kExited);
  CHECK_FALSE(state->ended_at.is_set());
  CHECK(harness.engine().start(spec.name, {}).error().kind == ErrorKind::kConflict);
  CHECK(harness.output(spec.name).empty());
}

TEST_CASE(
    "what ran in another boot of the host has ended, nobody knows how, and nobody is killed") {
  ProcessHarness harness;
  const ContainerSpec bystander = harness.spec("echo ready; exec sleep 1000");
  REQUIRE(harness.start(bystander, 1).size() == 1);
  const RunRecord other = harness.run_record(bystander.name);
  const ContainerSpec spec = harness.spec("true");
  REQUIRE(harness.engine().create(spec, {}));
  std::ofstream(harness.task_directory(spec.name) + "/started.json")
      << R"({"format":1,"boot_id":"another","at":1700000000000})";
  // By now, its process's number is that of another task.
  RunRecord record = other;
  record.boot_id = "another";
  std::ofstream(harness.task_directory(spec.name) + "/running.json") << encode(record);
  const auto state = harness.engine().inspect(spec.name, {});
  REQUIRE(state);
  CHECK(state->phase == Phase::kExited);
  CHECK_FALSE(state->ended_at.is_set());
  CHECK(state->error.find("host was restarted") != std::string::npos);
  CHECK(harness.engine().kill(spec.name, SIGKILL, {}));
  CHECK(harness.engine().remove(spec.name, {}));
  CHECK(harness.engine().inspect(bystander.name, {})->phase == Phase::kRunning);
}

TEST_CASE("an end that was half written is no end") {
  ProcessHarness harness;
  const std::string name = harness.run(harness.spec("exit 0"));
  const std::string path = harness.task_directory(name) + "/end.json";
  fs::resize_file(path, fs::file_size(path) / 2);
  const auto state = harness.engine().inspect(name, {});
  REQUIRE(state);
  CHECK(state->phase == Phase::kExited);
  CHECK_FALSE(state->ended_at.is_set());
}

TEST_CASE("100 MB of output are bounded on the disk, and the end of them is there") {
  ProcessHarness harness;
  ContainerSpec spec = harness.spec("yes 0123456789abcdef | head -c 100000000; echo; echo end");
  spec.cpus_milli = 4000;
  const std::string name = harness.run(spec);
  CHECK(bytes_below(harness.task_directory(name)) <=
        limits::kEngineLogFiles * limits::kEngineLogFileBytes + 64 * 1024);
  const std::string text = harness.output(name);
  CHECK(text.size() > limits::kEngineLogFileBytes / 3);
  CHECK(text.ends_with("\nend\n"));
}

TEST_CASE("the memory cap holds") {
  ProcessHarness harness;
  const std::string name = harness.run(harness.spec("tail /dev/zero; echo went on"));
  const auto state = harness.engine().inspect(name, {});
  REQUIRE(state);
  CHECK(state->oom_killed);
  ContainerSpec small = harness.spec("true");
  small.memory_bytes = 1024;
  CHECK(harness.engine().create(small, {}).error().message.find("memory") != std::string::npos);
  CHECK(harness.engine().inspect(small.name, {}).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("the process cap holds") {
  ProcessHarness harness;
  ContainerSpec spec =
      harness.spec("i=0; while [ $i -lt 50 ]; do sleep 5 & i=$((i+1)); done; echo all");
  spec.pids = 10;
  const std::string text = harness.output_of(spec);
  CHECK(text.find("ork") != std::string::npos);  // "Cannot fork", "can't fork"
}

TEST_CASE("the processor cap holds, and what is used is told while it runs") {
  ProcessHarness harness;
  ContainerSpec spec = harness.spec("echo ready; while true; do :; done");
  spec.cpus_milli = 100;
  REQUIRE(harness.start(spec, 1).size() == 1);
  ResourceUsage usage;
  while (usage.throttled_ms == 0 || usage.cpu_ms == 0) {
    const auto now = harness.engine().usage(spec.name, {});
    REQUIRE(now);
    usage = *now;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(usage.peak_memory_bytes > 0);
  CHECK(usage.peak_memory_bytes <= spec.memory_bytes);
  REQUIRE(harness.engine().kill(spec.name, SIGKILL, {}));
  REQUIRE(harness.engine().wait(spec.name, 60'000, {}));
  CHECK(harness.engine().usage(spec.name, {}).error().kind == ErrorKind::kConflict);
}

TEST_CASE("no control group is left, whether the task ran or not") {
  ProcessHarness harness;
  const ContainerSpec ran = harness.spec("true");
  const auto ran_id = harness.engine().create(ran, {});
  REQUIRE(ran_id);
  REQUIRE(harness.engine().start(ran.name, {}));
  REQUIRE(harness.engine().wait(ran.name, 60'000, {}));
  REQUIRE(harness.engine().remove(ran.name, {}));
  const ContainerSpec never = harness.spec("true");
  const auto never_id = harness.engine().create(never, {});
  REQUIRE(never_id);
  REQUIRE(harness.engine().remove(never.name, {}));
  for (const auto& entry : fs::recursive_directory_iterator("/sys/fs/cgroup")) {
    const std::string name = entry.path().filename();
    CHECK(name != "pawl-" + *ran_id);
    CHECK(name != "pawl-" + *never_id);
  }
}

TEST_CASE("a task as it sees itself") {
  ProcessHarness harness;
  CHECK(harness.output_of(harness.spec("id -u; id -g; id -G; umask")) ==
        "65534\n65534\n65534\n0022\n");
  CHECK(
      harness.output_of(harness.spec("grep -E 'Cap|NoNewPrivs' /proc/self/status | tr -d '\\t'")) ==
      "CapInh:0000000000000000\nCapPrm:0000000000000000\nCapEff:0000000000000000\n"
      "CapBnd:0000000000000000\nCapAmb:0000000000000000\nNoNewPrivs:1\n");
  CHECK(harness.output_of(harness.spec(
            "grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\t'; ls /proc/self/fd | wc -l")) ==
        "SigBlk:0000000000000000\nSigIgn:0000000000000000\n4\n");
  CHECK(harness.output_of(harness.spec("cat /proc/self/oom_score_adj; cat")) == "500\n");
  CHECK(harness.output_of(harness.spec("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '")) ==
        "lo\n");
  // Loopback is up: a connection is refused, and not unreachable.
  CHECK(harness.output_of(harness.spec("cat /proc/net/fib_trie | grep -c 127.0.0.1 >/dev/null && "
                                       "echo up")) == "up\n");
}

TEST_CASE("the environment is the task's own") {
  ProcessHarness harness;
  ContainerSpec spec = harness.spec("");
  spec.command = {"env"};
  spec.env = {{"A", "two words"}, {"B", ""}, {"C", "line\nbreak \"quoted\" $A ü"}};
  CHECK(harness.output_of(spec) ==
        "A=two words\nB=\nC=line\nbreak \"quoted\" $A ü\n"
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nHOME=/\n");
  // It may hold secrets.
  CHECK_FALSE(fs::exists(harness.task_directory(spec.name) + "/environment.json"));
}

TEST_CASE(
    "workspace and output file: where the variables say, although the agent's directory is shut") {
  ProcessHarness harness;
  const std::string output = harness.directory() + "/output";
  std::ofstream(output).flush();
  fs::permissions(output, fs::perms(0666));
  ContainerSpec writer = harness.spec(
      "echo x >\"$PAWL_WORKSPACE/file\"; pwd; [ \"$(pwd)\" = \"$PAWL_WORKSPACE\" ] && echo same; "
      "echo name=value >\"$PAWL_OUTPUT\"; stat -c %a .");
  Mount file;
  file.source = output;
  file.target = "/run/pawl/output";
  file.read_only = false;
  writer.mounts = {workspace_mount("shared"), file};
  writer.env = {{"PAWL_WORKSPACE", "/workspace"}, {"PAWL_OUTPUT", "/run/pawl/output"}};
  const std::string text = harness.output_of(writer);
  CHECK(text.find("same\n") != std::string::npos);
  CHECK(text.ends_with("1777\n"));
  CHECK(read_file(output, 100).value() == "name=value\n");
  ContainerSpec reader = harness.spec("cat file");
  reader.mounts = {workspace_mount("shared")};
  CHECK(harness.output_of(reader) == "x\n");
  CHECK(harness.output_of(harness.spec("ls " + harness.directory() + " 2>&1 || true"))
            .find("denied") != std::string::npos);
}

TEST_CASE("a removed workspace takes nothing else with it") {
  ProcessHarness harness;
  const TempDirectory outside;
  std::ofstream(outside / "kept") << "x";
  fs::permissions(outside.path(), fs::perms(0777));
  ContainerSpec spec = harness.spec("ln -s " + outside.path() + " link; mkdir -p a/b; ln -s " +
                                    outside.path() + " a/b/link; chmod 0 a");
  spec.mounts = {workspace_mount("hostile")};
  REQUIRE(harness.engine().inspect(harness.run(spec), {})->exit_code == 0);
  const auto usage = harness.engine().disk_usage({});
  REQUIRE(usage);
  REQUIRE(usage->volumes.size() == 1);
  CHECK(usage->volumes[0].bytes >= 0);
  REQUIRE(harness.engine().remove(spec.name, {}));
  REQUIRE(harness.engine().remove_volume("hostile", {}));
  while (!fs::is_empty(harness.directory() + "/trash")) std::this_thread::yield();
  CHECK(fs::exists(outside / "kept"));
}

TEST_CASE("a task has another name, also while it runs") {
  ProcessHarness harness;
  ContainerEngine& engine = harness.engine();
  const ContainerSpec spec = harness.spec("echo ready; exec sleep 1000");
  REQUIRE(harness.start(spec, 1).size() == 1);
  const ContainerSpec other = harness.spec("true");
  REQUIRE(engine.create(other, {}));
  CHECK(engine.rename(spec.name, other.name, {}).error().kind == ErrorKind::kConflict);
  CHECK(engine.rename("absent", "new", {}).error().kind == ErrorKind::kNotFound);
  CHECK(engine.rename(spec.name, "../new", {}).error().kind == ErrorKind::kInvalid);
  REQUIRE(engine.rename(spec.name, "new", {}));
  CHECK(engine.inspect(spec.name, {}).error().kind == ErrorKind::kNotFound);
  REQUIRE(engine.kill("new", SIGTERM, {}));
  const auto state = engine.wait("new", 60'000, {});
  REQUIRE(state);
  CHECK(state->exit_code == 128 + SIGTERM);
  CHECK(harness.output("new") == "ready\n");
}

TEST_CASE(
    "a program that is not there is the task's failure, and what cannot be started says why") {
  ProcessHarness harness;
  ContainerSpec spec = harness.spec("");
  spec.command = {"/no/such/program"};
  CHECK(harness.output_of(spec).find("/no/such/program") != std::string::npos);
  CHECK(harness.engine().inspect(spec.name, {})->exit_code == 127);
  ContainerSpec directory = harness.spec("");
  directory.command = {"/etc"};
  CHECK(harness.engine().inspect(harness.run(directory), {})->exit_code == 126);

  ContainerSpec unstartable = harness.spec("echo ran");
  unstartable.mounts = {workspace_mount("gone")};
  REQUIRE(harness.engine().create(unstartable, {}));
  fs::remove_all(harness.directory() + "/volumes/gone");
  const auto started = harness.engine().start(unstartable.name, {});
  REQUIRE_FALSE(started);
  CHECK(started.error().kind == ErrorKind::kInvalid);
  CHECK(started.error().message.find("workspace") != std::string::npos);
  CHECK(harness.output(unstartable.name).empty());
}

TEST_CASE("an engine that cannot run its supervisor leaves the task as it was") {
  const TempDirectory temp;
  auto engine = make_process_engine({temp / "processes", false, temp / "absent"});
  REQUIRE(engine);
  ProcessHarness harness;
  const ContainerSpec spec = harness.spec("true");
  REQUIRE((*engine)->create(spec, {}));
  CHECK((*engine)->start(spec.name, {}).error().kind == ErrorKind::kInvalid);
  CHECK((*engine)->inspect(spec.name, {})->phase == Phase::kCreated);
  REQUIRE((*engine)->remove(spec.name, {}));
}
