// What only the real engine can show: the request's effect on a container, seen from outside and inside.
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "contract/engine/harness.h"

using namespace pawl;

namespace {

std::string output_of(DockerHarness& harness, const ContainerSpec& spec) {
  return output_of(harness.engine(), spec);
}

std::string output_of(DockerHarness& harness, const std::string& script) {
  return output_of(harness, harness.spec({script, {}}));
}

}  // namespace

TEST_CASE("the default container, from inside") {
  DockerHarness harness;
  CHECK(output_of(harness, "id -u; id -g; pwd") == "65534\n0\n/workspace\n");
  CHECK(output_of(harness, "grep -E 'Cap|NoNewPrivs|Seccomp:' /proc/self/status | tr -d '\\t'") ==
        "CapInh:0000000000000000\nCapPrm:0000000000000000\nCapEff:0000000000000000\n"
        "CapBnd:0000000000000000\nCapAmb:0000000000000000\nNoNewPrivs:1\nSeccomp:2\n");
  CHECK(output_of(harness,
                  "touch /x 2>/dev/null || echo refused; touch /workspace/x 2>/dev/null || "
                  "echo refused; touch /tmp/x && echo kept") == "refused\nrefused\nkept\n");
  CHECK(output_of(harness,
                  "cp /bin/busybox /tmp/b; chmod 755 /tmp/b; /tmp/b true 2>/dev/null || "
                  "echo refused") == "refused\n");
  CHECK(output_of(harness, "cat /proc/1/comm") == "docker-init\n");
  CHECK(output_of(harness, "ls /sys/class/net") == "lo\n");
  CHECK(output_of(harness, "cat /proc/self/oom_score_adj") == "500\n");
}

TEST_CASE("the process cap holds") {
  DockerHarness harness;
  ContainerSpec spec =
      harness.spec({"i=0; while [ $i -lt 50 ]; do sleep 5 & i=$((i+1)); done; wait", {}});
  spec.pids = 10;
  CHECK(output_of(harness, spec).find("can't fork") != std::string::npos);
}

TEST_CASE("the environment arrives as it is") {
  DockerHarness harness;
  ContainerSpec spec = harness.spec({"printf '%s|' \"$A\" \"$B\" \"$C\"", {}});
  spec.env = {{"A", "two words"}, {"B", ""}, {"C", "line\nbreak \"quoted\" $A `x` ü"}};
  CHECK(output_of(harness, spec) == "two words||line\nbreak \"quoted\" $A `x` ü|");
}

TEST_CASE("a command replaces the image's entry point, no command leaves it") {
  DockerHarness harness;
  ContainerSpec spec = harness.spec({"echo own", {}});
  spec.image = DockerDaemon::instance().image_with_entry_point();
  CHECK(output_of(harness, spec) == "own\n");
  ContainerSpec plain = harness.spec({"", {}});
  plain.image = spec.image;
  plain.command.clear();
  CHECK(output_of(harness, plain) == "entry\n");
}

TEST_CASE("a program that is not there is the task's failure") {
  DockerHarness harness;
  ContainerSpec spec = harness.spec(programs::hello());
  spec.command = {"/no/such/program"};
  CHECK(output_of(harness, spec).find("/no/such/program") != std::string::npos);
  CHECK(harness.engine().wait(spec.name, 60'000, {})->exit_code == 127);
}

TEST_CASE("what cannot be started says why") {
  DockerHarness harness;
  ContainerSpec spec = harness.spec(programs::hello());
  spec.user = "no-such-user";
  REQUIRE(harness.engine().create(spec, {}));
  const auto started = harness.engine().start(spec.name, {});
  REQUIRE_FALSE(started);
  CHECK(started.error().kind == ErrorKind::kInvalid);
  CHECK(started.error().message.find("no-such-user") != std::string::npos);

  ContainerSpec no_network = harness.spec(programs::hello());
  no_network.network = "pawl-test-no-such-network";
  const auto created = harness.engine().create(no_network, {});
  const auto refused =
      created ? harness.engine().start(no_network.name, {}) : Result<void>(created.error());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind != ErrorKind::kUnavailable);
  CHECK(refused.error().message.find("pawl-test-no-such-network") != std::string::npos);

  ContainerSpec too_small = harness.spec(programs::hello());
  too_small.memory_bytes = 1024;
  const auto small = harness.engine().create(too_small, {});
  REQUIRE_FALSE(small);
  CHECK(small.error().kind == ErrorKind::kInvalid);
  CHECK(small.error().message.find("memory") != std::string::npos);
}
