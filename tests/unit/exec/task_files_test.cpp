// What a container sees besides its image, and what is read from it afterwards.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "exec/container_spec.h"
#include "unit/exec/task_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;
using Kind = AttemptOutcome::Kind;

struct Fixture : TaskFixture {
  // A task that writes that to $PAWL_OUTPUT.
  RunAttempt writer(const std::string& text) {
    const RunAttempt order = this->order("echo");
    pipeline->tasks.back().outputs = {"version", "notes"};
    engine.before_next(Call::kStart, [this, order, text] {
      std::ofstream(source_of(order, std::string(kOutputPath)), std::ios::binary) << text;
    });
    return order;
  }

  [[nodiscard]] std::string source_of(const RunAttempt& order, const std::string& target) const {
    const ContainerSpec spec = engine.spec(name(order));
    const Mount* mount = find_mount(spec, target);
    return mount == nullptr ? "" : mount->source;
  }

  [[nodiscard]] static const Mount* find_mount(const ContainerSpec& spec,
                                               const std::string& target) {
    for (const Mount& mount : spec.mounts) {
      if (mount.target == target) return &mount;
    }
    return nullptr;
  }
};

}  // namespace

TEST_CASE("a container that an agent created and did not live to start gets all it needs") {
  Fixture fixture;
  fixture.secrets["key"] = "s3cr3t\n";
  RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks.back().secrets = {{"key", "/run/secrets/key", ""}};
  fixture.create(order);
  fixture.run(recovered(order, false));
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(*read_file(fixture.directory / "secrets/7-0-1/0", 100) == "s3cr3t\n");
}

TEST_CASE("secrets: as a file byte for byte, as a variable without its last newline") {
  Fixture fixture;
  fixture.secrets["key"] = "line\nline\n";
  fixture.secrets["token"] = "t0k3n\r\n";
  const RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks.back().secrets = {
      {"key", "/etc/key", ""}, {"token", "", "TOKEN"}, {"token", "", "PAWL_TASK"}};
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  const ContainerSpec spec = fixture.engine.spec(fixture.name(order));
  const Mount* mount = Fixture::find_mount(spec, "/etc/key");
  REQUIRE(mount != nullptr);
  CHECK(mount->read_only);
  CHECK(mount->kind == Mount::Kind::kBind);
  CHECK(*read_file(mount->source, 100) == "line\nline\n");
  const std::map<std::string, std::string> env(spec.env.begin(), spec.env.end());
  CHECK(env.at("TOKEN") == "t0k3n");
  CHECK(env.at("PAWL_TASK") == "task0");
  for (const LogRecord& record : fixture.sink.records()) {
    CHECK(record.text.find("t0k3n") == std::string::npos);
  }
}

TEST_CASE("a secret that is not there keeps its task from running, and says which and where") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  Task& task = fixture.pipeline->tasks.back();
  SUBCASE("as a file") { task.secrets = {{"db", "/run/secrets/db", ""}}; }
  SUBCASE("as a variable") { task.secrets = {{"db", "", "DB"}}; }
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kNotStarted);
  CHECK(fixture.outcome().failure == Reason::kPolicy);
  CHECK(fixture.outcome().message.find("secret 'db'") != std::string::npos);
  CHECK(fixture.outcome().message.find("/etc/pawl/secrets/db") != std::string::npos);
  CHECK(fixture.engine.calls(Call::kCreate) == 0);
}

TEST_CASE("what no variable can hold is refused, not mangled") {
  Fixture fixture;
  fixture.secrets["zero"] = std::string("a\0b", 3);
  fixture.secrets["binary"] = "\xff\xfe";
  fixture.secrets["newlines"] = "\n\n";
  const RunAttempt order = fixture.order("echo");
  for (const char* name : {"zero", "binary", "newlines"}) {
    SUBCASE(name) { fixture.pipeline->tasks.back().secrets = {{name, "", "V"}}; }
  }
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kNotStarted);
  CHECK(fixture.outcome().failure == Reason::kPolicy);
  CHECK(fixture.engine.calls(Call::kCreate) == 0);
}

TEST_CASE("outputs come with the end, declared names only") {
  Fixture fixture;
  const RunAttempt order = fixture.writer("version=1.2\nother=x\nnotes<<E\na\nb\nE\n");
  fixture.run(order);
  CHECK(fixture.outcome().outputs == Variables{{"version", "1.2"}, {"notes", "a\nb"}});
  CHECK(fixture.sink.notes().find("names 'other'") != std::string::npos);
  CHECK_FALSE(fixture.outcome().log_incomplete);
  const ContainerSpec spec = fixture.engine.spec(fixture.name(order));
  REQUIRE(Fixture::find_mount(spec, "/run/pawl/output") != nullptr);
  CHECK_FALSE(Fixture::find_mount(spec, "/run/pawl/output")->read_only);
}

TEST_CASE("a task without outputs has no file for them") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  fixture.run(order);
  CHECK(Fixture::find_mount(fixture.engine.spec(fixture.name(order)), "/run/pawl/output") ==
        nullptr);
  CHECK_FALSE(std::filesystem::exists(fixture.directory / "outputs"));
  CHECK(fixture.sink.notes().find("PAWL_OUTPUT") == std::string::npos);
}

TEST_CASE("an output that is too large is not taken, and that is said") {
  Fixture fixture;
  fixture.run(fixture.writer("version=1\n" + std::string(limits::kOutputFileBytes, '\n')));
  CHECK(fixture.outcome().exit_code == 0);
  CHECK(fixture.outcome().outputs.empty());
  CHECK(fixture.sink.notes().find("more than 65536 bytes") != std::string::npos);
}

TEST_CASE("outputs of a task that outlived its agent are read by the next one") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks.back().outputs = {"version"};
  const auto path = fixture.files.make_output(order.key);
  REQUIRE(path);
  fixture.create_and_start(order);
  std::ofstream(*path) << "version=7\n";
  fixture.run(recovered(order, true));
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.outcome().outputs == Variables{{"version", "7"}});
}

TEST_CASE("an output that somebody removed is said to be missing; the end stands") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks.back().outputs = {"version"};
  fixture.create_and_start(order);
  fixture.run(recovered(order, true));
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.outcome().exit_code == 0);
  CHECK(fixture.sink.notes().find("$PAWL_OUTPUT is not taken") != std::string::npos);
}

TEST_CASE("what was lost has no outputs, whatever its file holds") {
  Fixture fixture;
  RunAttempt order = recovered(fixture.order("echo"), true);
  fixture.pipeline->tasks.back().outputs = {"version"};
  const auto path = fixture.files.make_output(order.key);
  REQUIRE(path);
  std::ofstream(*path) << "version=7\n";
  fixture.create_and_start(order);
  order.rebooted = true;
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kMissing);
  CHECK(fixture.outcome().outputs.empty());
}

TEST_CASE("secrets do not come out of their task: log, notes, message, outputs") {
  Fixture fixture;
  fixture.secrets["key"] = "first line of key\nsecond line of key\n";
  fixture.secrets["token"] = "t0k3n-value\n";
  fixture.engine.set_program("tell", {{{LogStream::kStdout, "it is t0k3n"},
                                       {LogStream::kStderr, "second line of key\n"},
                                       {LogStream::kStdout, "-value, dDBrM24tdmFsdW\n"}}});
  fixture.engine.set_program("refuse", {{}, false, 0, false, "no such file: t0k3n-value"});
  SUBCASE("it runs") {
    RunAttempt order = fixture.writer("version=my t0k3n-value\nnotes=fine\nt0k3n-value=1\n");
    order.command.back() = "tell";
    fixture.pipeline->tasks.back().secrets = {{"key", "/etc/key", ""}, {"token", "", "TOKEN"}};
    fixture.run(order);
    CHECK(fixture.sink.output() == "it is ******\n, ***\n");
    CHECK(fixture.outcome().outputs == Variables{{"version", "my ***"}, {"notes", "fine"}});
    CHECK(fixture.sink.notes().find("output 'version' holds a secret") != std::string::npos);
    CHECK(fixture.sink.notes().find("names '***'") != std::string::npos);
  }
  SUBCASE("it cannot be started") {
    RunAttempt order = fixture.order("refuse");
    fixture.pipeline->tasks.back().secrets = {{"token", "", "TOKEN"}};
    fixture.run(order);
    CHECK(fixture.outcome().message.find("no such file: ***") != std::string::npos);
  }
}

TEST_CASE(
    "a container that is found again has its secrets hidden, also those that have changed since") {
  Fixture fixture;
  fixture.engine.set_program("tell", {{{LogStream::kStdout, "old: one-value, now: two-value\n"}}});
  const RunAttempt order = fixture.order("tell");
  fixture.pipeline->tasks.back().secrets = {{"key", "/etc/key", ""}, {"token", "", "TOKEN"}};
  REQUIRE(fixture.files.write_secret(order.key, 0, "one-value"));
  fixture.create_and_start(order);
  SUBCASE("changed") {
    fixture.secrets["key"] = "two-value";
    fixture.secrets["token"] = "whatever";
    fixture.run(recovered(order, true));
    CHECK(fixture.sink.output() == "old: ***, now: ***\n");
    CHECK(fixture.sink.notes().find("cannot be read") == std::string::npos);
  }
  SUBCASE("gone: what was handed to the container is known, a variable is not, which is said") {
    fixture.run(recovered(order, true));
    CHECK(fixture.sink.output() == "old: ***, now: two-value\n");
    CHECK(fixture.sink.notes().find("secret 'token' cannot be read any more") != std::string::npos);
    CHECK(fixture.sink.notes().find("secret 'key'") == std::string::npos);
  }
}
