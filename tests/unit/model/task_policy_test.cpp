#include "model/task_policy.h"

#include <doctest/doctest.h>

#include "support/forbidden_tasks.h"

using namespace pawl;
using Reasons = std::vector<std::string>;

TEST_CASE("what the policy names is given") {
  CHECK(policy_refusals(test::forbidding_policy(), test::allowed_task()) == Reasons{});
  HostPolicy policy = test::forbidding_policy();
  Task task = test::allowed_task();
  SUBCASE("the host's hardware is the cap where there is none") {
    policy.max_cpus_milli = policy.max_memory_bytes = policy.max_pids = policy.max_timeout_ms = 0;
    task.cpus_milli = 64'000;
    task.memory_bytes = 1LL << 40;
    task.pids = 4'000'000;
    task.timeout_ms = limits::kTimeoutMaxMs;
  }
  SUBCASE("a digest") {
    policy.require_digest = true;
    task.image = "alpine:3@sha256:" + std::string(64, '0');
  }
  SUBCASE("privileged") { policy.privileged = task.privileged = true; }
  SUBCASE("paths beside the engine's sockets") {
    policy.mounts = {{"/", true}};
    task.mounts.clear();
    for (const char* path : {"/etc", "/run/app", "/var/log", "/var/runs", "/run/user/1000/app",
                             "/run/dockers", "/srv/docker.sock.d"}) {
      task.mounts.push_back({path, "/m" + std::to_string(task.mounts.size()), false});
    }
  }
  SUBCASE("writing where any entry lets it") {
    policy.mounts = {{"/srv/in/today", true}, {"/srv", false}};
    task.mounts = {{"/srv/in/today/x", "/x", false}, {"/srv/y", "/y", true}};
  }
  SUBCASE("targets beside pawl's own") {
    task.mounts[0].target = "/workspaces";
    task.mounts[1].target = "/run/pawls";
  }
  SUBCASE("everything, on a host that is not known") {
    policy.images = policy.networks = policy.cap_add = {"*"};
    policy.mounts = {{"/", true}};
    task.network = "gpu";
    task.cap_add = {"SYS_ADMIN"};
  }
  CHECK(policy_refusals(policy, task) == Reasons{});
}

TEST_CASE(
    "what the policy does not name is refused, and what no policy gives, each with its reason") {
  const auto rows = test::forbidden_tasks();
  CHECK(rows.size() >= 70);
  for (const test::ForbiddenTask& row : rows) {
    CAPTURE(row.name);
    HostPolicy policy = test::forbidding_policy();
    Task task = test::allowed_task();
    row.change(task, policy);
    const Reasons reasons = policy_refusals(policy, task);
    REQUIRE(reasons.size() == 1);
    CHECK(reasons.front() == row.reason);
  }
}

TEST_CASE("all reasons are given, in the order of the keys") {
  Task task = test::allowed_task();
  task.image = "evil:1";
  task.network = "host";
  task.cpus_milli = task.memory_bytes = task.pids = task.timeout_ms = 0;
  task.mounts[0].source = "/etc";
  task.mounts[0].target = "/proc";
  task.cap_add = {"SYS_ADMIN"};
  task.privileged = true;
  const Reasons reasons = policy_refusals(test::forbidding_policy(), task);
  REQUIRE(reasons.size() == 10);
  CHECK(reasons.front().starts_with("image"));
  CHECK(reasons.back().starts_with("a privileged task"));
}

TEST_CASE("a hint comes before the remedy, and the host's file is named") {
  const Refusal refusal{"network \"brigde\" is not allowed", "add it to", "policy.networks"};
  CHECK(refusal.text() ==
        "network \"brigde\" is not allowed; add it to policy.networks in the host config");
  CHECK(refusal.text("; did you mean 'bridge'?", "/etc/pawl/pawl.yaml") ==
        "network \"brigde\" is not allowed; did you mean 'bridge'? Else add it to policy.networks "
        "in /etc/pawl/pawl.yaml");
  CHECK(Refusal{"no", {}, {}}.text("; x?") == "no; x?");
}

TEST_CASE("the tasks of a pipeline are counted") {
  HostPolicy policy;
  policy.max_tasks = 2;
  CHECK_FALSE(refuse_tasks(policy, 2));
  CHECK(refuse_tasks(policy, 3)->text() ==
        "the pipeline has 3 tasks, hooks included; this host allows at most 2 (policy.max.tasks)");
}

TEST_CASE("hostile names are shown harmless and short") {
  Task task = test::allowed_task();
  task.network = "\x1b[2J" + std::string(5000, 'x');
  const Reasons reasons = policy_refusals(test::forbidding_policy(), task);
  REQUIRE(reasons.size() == 1);
  CHECK(reasons.front().size() < 300);
  CHECK(reasons.front().find('\x1b') == std::string::npos);
}
