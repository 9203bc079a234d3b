#include "exec/policy_check.h"

#include <algorithm>
#include <filesystem>

#include "support/forbidden_tasks.h"
#include "unit/exec/task_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;

int calls(const FakeEngine& engine) {
  int sum = 0;
  for (int call = 0; call <= static_cast<int>(Call::kDiskUsage); ++call) {
    sum += engine.calls(static_cast<Call>(call));
  }
  return sum;
}

// An order for that task, of a pipeline that was loaded under another policy.
RunAttempt order_for(TaskFixture& fixture, const Task& task) {
  RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks.back() = task;
  order.command = task.command;
  return order;
}

struct Links {
  TempDirectory directory;
  std::string root = std::filesystem::canonical(directory.path()).string();
  HostPolicy policy = test::forbidding_policy();
  Task task = test::allowed_task();

  Links() {
    std::filesystem::create_directories(root + "/in/today");
    std::filesystem::create_directories(root + "/elsewhere");
    policy.mounts = {{root + "/in", false}};
    task.mounts = {{root + "/in/today", "/data", true}};
  }
  [[nodiscard]] std::string refusal() const {
    const auto checked = check_policy(policy, task);
    return checked ? "" : checked.error().message;
  }
};

}  // namespace

TEST_CASE(
    "nothing is asked of the engine for what the policy does not give by the time of the start") {
  for (const test::ForbiddenTask& row : test::forbidden_tasks()) {
    CAPTURE(row.name);
    TaskFixture fixture;
    fixture.policy = test::forbidding_policy();
    Task task = test::allowed_task();
    row.change(task, fixture.policy);
    fixture.secrets = {{"db", "x"}, {"token", "y"}};
    fixture.run(order_for(fixture, task));
    CHECK(fixture.outcome().kind == AttemptOutcome::Kind::kNotStarted);
    CHECK(fixture.outcome().failure == Reason::kPolicy);
    CHECK(fixture.outcome().message == row.reason);
    CHECK(calls(fixture.engine) == 0);
  }
}

TEST_CASE("what the policy gives is asked of the engine as it is") {
  TaskFixture fixture;
  const Links links;
  fixture.policy = links.policy;
  fixture.policy.mounts.push_back({links.root + "/elsewhere", true});
  fixture.policy.privileged = true;
  Task task = links.task;
  task.mounts.push_back({links.root + "/elsewhere", "/out", false});
  task.privileged = true;
  const RunAttempt order = order_for(fixture, task);
  fixture.run(order);
  REQUIRE(fixture.outcome().kind == AttemptOutcome::Kind::kExited);
  const ContainerSpec spec = fixture.engine.spec(fixture.name(order));
  const auto mount_at = [&](const std::string& target) {
    const auto found = std::find_if(spec.mounts.begin(), spec.mounts.end(),
                                    [&](const Mount& mount) { return mount.target == target; });
    REQUIRE(found != spec.mounts.end());
    return *found;
  };
  CHECK(spec.mounts.size() == 3);
  CHECK(mount_at("/data").kind == Mount::Kind::kBind);
  CHECK(mount_at("/data").source == links.root + "/in/today");
  CHECK(mount_at("/data").read_only);
  CHECK(mount_at("/out").source == links.root + "/elsewhere");
  CHECK_FALSE(mount_at("/out").read_only);
  CHECK(spec.cap_add == std::vector<std::string>{"NET_ADMIN"});
  CHECK(spec.privileged);
}

TEST_CASE("all reasons are in the message") {
  HostPolicy policy = test::forbidding_policy();
  policy.cap_add.clear();
  Task task = test::allowed_task();
  task.network = "host";
  const auto checked = check_policy(policy, task);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().kind == ErrorKind::kDenied);
  CHECK(checked.error().message ==
        "network \"host\" is given to no task: it would undo its isolation; capability "
        "\"NET_ADMIN\" is not allowed on this host (policy.cap_add names none); add it to "
        "policy.cap_add in the host config");
}

TEST_CASE("links below an allowed path lead nowhere else") {
  Links links;
  CHECK(links.refusal().empty());
  SUBCASE("to a path that is not allowed") {
    std::filesystem::create_symlink(links.root + "/elsewhere", links.root + "/in/link");
    links.task.mounts[0].source = links.root + "/in/link";
    CHECK(links.refusal().starts_with("'" + links.root + "/in/link' is a link: mount of \"" +
                                      links.root + "/elsewhere\" is not allowed on this host"));
  }
  SUBCASE("to the engine's socket, although everything is allowed") {
    std::filesystem::create_symlink("/run", links.root + "/in/link");
    links.policy.mounts = {{"/", true}};
    links.task.mounts[0].source = links.root + "/in/link";
    CHECK(links.refusal() ==
          "'" + links.root +
              "/in/link' is a link: mount of \"/run\" is given to no task: the container engine's "
              "socket is there, which is root on this host");
  }
  SUBCASE("on the way") {
    std::filesystem::create_symlink(links.root + "/elsewhere", links.root + "/in/link");
    std::filesystem::create_directory(links.root + "/elsewhere/below");
    links.task.mounts[0].source = links.root + "/in/link/below";
    CHECK_FALSE(links.refusal().empty());
  }
  SUBCASE("to what may only be read") {
    std::filesystem::create_symlink(links.root + "/in/today", links.root + "/elsewhere/link");
    links.policy.mounts.push_back({links.root + "/elsewhere", true});
    links.task.mounts[0].source = links.root + "/elsewhere/link";
    CHECK(links.refusal().empty());
    links.task.mounts[0].read_only = false;
    CHECK(links.refusal().find("only to be read") != std::string::npos);
  }
  SUBCASE("the operator's own link is no reason") {
    std::filesystem::create_directory_symlink(links.root + "/in", links.root + "/alias");
    links.policy.mounts = {{links.root + "/alias", false}};
    links.task.mounts[0].source = links.root + "/alias/today";
    CHECK(links.refusal().empty());
  }
  SUBCASE("what is not here is left to the engine") {
    links.task.mounts[0].source = links.root + "/in/nothing";
    CHECK(links.refusal().empty());
  }
}
