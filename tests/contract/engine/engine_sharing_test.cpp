// What ports/container_engine.h promises of containers beside each other: networks that are joined, names that change, what
// each has used, and what it may do.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

#include "contract/engine/harness.h"

using namespace pawl;

namespace {

// With "ready\n" its output has begun, and its shell has been replaced.
struct Ready : LogSink {
  bool take(LogRecord&&) override { return false; }
  std::optional<std::int64_t> before_wait() override { return -1; }
};

void await_output(ContainerEngine& engine, const std::string& name) {
  Ready ready;
  CHECK(engine.follow_logs(name, 0, ready, {}).error().kind == ErrorKind::kCancelled);
}

}  // namespace

TEST_CASE_TEMPLATE("a container joins another's network while that one runs", Harness,
                   PAWL_CONTAINER_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  const ContainerSpec first = harness.spec(programs::waits());
  const auto id = engine.create(first, {});
  REQUIRE(id);
  ContainerSpec second = harness.spec({"busybox readlink /proc/self/ns/net", {}});
  second.join_network = *id;
  const auto early = engine.create(second, {});
  if (early) {
    const auto started = engine.start(second.name, {});
    REQUIRE_FALSE(started);
    const bool refused =
        started.error().kind == ErrorKind::kInvalid || started.error().kind == ErrorKind::kConflict;
    CHECK_MESSAGE(refused, started.error().message);
    CHECK(engine.remove(second.name, {}));
  }
  REQUIRE(engine.start(first.name, {}));
  std::string inside;
  if (Harness::kPrograms) {
    inside = output_of(engine, second);
  } else {
    REQUIRE(engine.create(second, {}));
    REQUIRE(engine.start(second.name, {}));
  }
  const auto list = engine.list(harness.label(), harness.label_value(), {});
  REQUIRE(list);
  REQUIRE(list->size() == 2);
  for (const ContainerSummary& container : *list) {
    CHECK(container.join_network == (container.name == second.name ? *id : ""));
    CHECK(container.running == (container.name == first.name));
  }
  if (!Harness::kPrograms) return;
  // A third in the same, a fourth in one of its own.
  ContainerSpec third = harness.spec({"busybox readlink /proc/self/ns/net", {}});
  third.join_network = *id;
  CHECK(output_of(engine, third) == inside);
  CHECK(output_of(engine, harness.spec({"busybox readlink /proc/self/ns/net", {}})) != inside);
}

TEST_CASE_TEMPLATE("a container gets another name, whether it runs or not", Harness,
                   PAWL_CONTAINER_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  for (const bool running : {false, true}) {
    CAPTURE(running);
    const ContainerSpec spec = harness.spec(programs::waits());
    const auto id = engine.create(spec, {});
    REQUIRE(id);
    if (running) REQUIRE(engine.start(spec.name, {}));
    const std::string other = spec.name + "-renamed";
    REQUIRE(engine.rename(spec.name, other, {}));
    CHECK(engine.inspect(spec.name, {}).error().kind == ErrorKind::kNotFound);
    CHECK(engine.inspect(other, {})->id == *id);
    // The old name is free, and the new one is not.
    REQUIRE(engine.create(spec, {}));
    const auto taken = engine.rename(spec.name, other, {});
    REQUIRE_FALSE(taken);
    CHECK_MESSAGE(taken.error().kind == ErrorKind::kConflict, taken.error().message);
    CHECK(engine.inspect(other, {})->id == *id);
  }
  CHECK(engine.rename("pawl-test-no-such-container", "x", {}).error().kind == ErrorKind::kNotFound);
}

TEST_CASE_TEMPLATE("what a container has used is told while it runs", Harness,
                   PAWL_CONTAINER_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  const ContainerSpec spec =
      harness.spec({"i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo ready; exec sleep 1000",
                    programs::waits().fake});
  CHECK(engine.usage(spec.name, {}).error().kind == ErrorKind::kNotFound);
  REQUIRE(engine.create(spec, {}));
  CHECK(engine.usage(spec.name, {}).error().kind == ErrorKind::kConflict);
  REQUIRE(engine.start(spec.name, {}));
  await_output(engine, spec.name);
  const auto usage = engine.usage(spec.name, {});
  REQUIRE_MESSAGE(usage, usage.error().message);
  if (Harness::kPrograms) {
    CHECK(usage->cpu_ms > 0);
    CHECK(usage->peak_memory_bytes > 0);
    CHECK(usage->peak_memory_bytes <= kTestMemory);
  }
  REQUIRE(engine.kill(spec.name, SIGKILL, {}));
  REQUIRE(engine.wait(spec.name, 60'000, {}));
  const auto ended = engine.usage(spec.name, {});
  REQUIRE_FALSE(ended);
  CHECK_MESSAGE(ended.error().kind == ErrorKind::kConflict, ended.error().message);
}

TEST_CASE_TEMPLATE("a capability is added to none, and only the one that is named", Harness,
                   PAWL_REAL_ENGINES) {
  Harness harness;
  const std::string look =
      "grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status | tr -d '\\t'";
  ContainerSpec spec = harness.spec({look, {}});
  spec.user = "0";
  spec.cap_add = {"NET_ADMIN"};
  CHECK(output_of(harness.engine(), spec) ==
        "CapEff:0000000000001000\nCapBnd:0000000000001000\nNoNewPrivs:1\nSeccomp:2\n");
  // Not the whole of it for a user who is not root.
  ContainerSpec nobody = harness.spec({look, {}});
  nobody.cap_add = {"NET_ADMIN"};
  CHECK(output_of(harness.engine(), nobody).find("CapEff:0000000000000000\n") == 0);
  const Json seen = harness.daemon().get("/containers/" + spec.name + "/json")["HostConfig"];
  REQUIRE(seen["CapAdd"].items().size() == 1);
  CHECK(seen["CapAdd"].items()[0].as_string().ends_with("NET_ADMIN"));
  CHECK_FALSE(seen["Privileged"].as_bool(true));
}

TEST_CASE_TEMPLATE("a privileged container has the host's devices, and a cap on its memory",
                   Harness, PAWL_REAL_ENGINES) {
  Harness harness;
  const std::string look = "ls /dev/mem /dev/kmsg; grep Seccomp: /proc/self/status | tr -d '\\t'";
  ContainerSpec spec = harness.spec({look, {}});
  CHECK(output_of(harness.engine(), spec).find("/dev/kmsg\n") == std::string::npos);
  ContainerSpec privileged = harness.spec({look, {}});
  privileged.privileged = true;
  const std::string printed = output_of(harness.engine(), privileged);
  CHECK_MESSAGE(printed.find("/dev/kmsg\n") != std::string::npos, printed);
  CHECK(printed.find("Seccomp:0\n") != std::string::npos);
  const Json seen = harness.daemon().get("/containers/" + privileged.name + "/json")["HostConfig"];
  CHECK(seen["Privileged"].as_bool());
  CHECK(seen["Memory"].as_integer() == kTestMemory);
}

TEST_CASE_TEMPLATE("a volume's bound is kept or refused, never passed over", Harness,
                   PAWL_REAL_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  ContainerSpec spec =
      harness.spec({"busybox dd if=/dev/zero of=/workspace/f bs=65536 count=64", {}});
  spec.user = "0";
  Mount mount;
  mount.kind = Mount::Kind::kVolume;
  mount.source = spec.name + "-volume";
  mount.target = "/workspace";
  mount.read_only = false;
  mount.labels = {{harness.label(), harness.label_value()}};
  mount.max_bytes = 1 << 20;
  spec.mounts = {mount};
  const auto created = engine.create(spec, {});
  if (created) {
    // On XFS with project quotas: the fifth megabyte finds no room.
    REQUIRE(engine.start(spec.name, {}));
    CHECK(engine.wait(spec.name, 60'000, {})->exit_code != 0);
    return;
  }
  CHECK(created.error().kind == ErrorKind::kInvalid);
  CHECK_MESSAGE(created.error().message.find("uota") != std::string::npos, created.error().message);
  CHECK(engine.list(harness.label(), harness.label_value(), {})->empty());
  CHECK(engine.list_volumes(harness.label(), harness.label_value(), {})->empty());
}
