#include "process/spec_check.h"

#include <doctest/doctest.h>

using namespace pawl;

namespace {

const HostAbilities kRoot{0, true, "", false};
const HostAbilities kPlain{1000, false, "no cgroups", false};
const HostAbilities kPlainBestEffort{1000, false, "no cgroups", true};

ContainerSpec ordinary() {
  ContainerSpec spec;
  spec.name = "pawl-1-2-task-1";
  spec.command = {"true"};
  spec.memory_bytes = 16 << 20;
  spec.user = "65534";
  return spec;
}

std::string refusal(const ContainerSpec& spec, const HostAbilities& host) {
  const auto checked = process_spec(spec, host);
  if (checked) return {};
  CHECK(checked.error().kind == ErrorKind::kInvalid);
  return checked.error().message;
}

bool mentions(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an ordinary task as root: another user, no network") {
  const auto checked = process_spec(ordinary(), kRoot);
  REQUIRE(checked);
  CHECK(checked->own_user);
  CHECK(checked->uid == 65534);
  CHECK(checked->gid == 65534);
  CHECK(checked->own_network);
}

TEST_CASE("names that could lead elsewhere") {
  for (const char* name : {"", ".", "..", "../x", "a/b", "/etc", ".hidden", "-x", "a b", "ü"}) {
    CAPTURE(name);
    ContainerSpec spec = ordinary();
    spec.name = name;
    CHECK_FALSE(refusal(spec, kRoot).empty());
    spec = ordinary();
    Mount mount;
    mount.kind = Mount::Kind::kVolume;
    mount.source = name;
    mount.read_only = false;
    spec.mounts = {mount};
    CHECK_FALSE(refusal(spec, kRoot).empty());
  }
  ContainerSpec spec = ordinary();
  spec.name = std::string(201, 'a');
  CHECK_FALSE(refusal(spec, kRoot).empty());
}

TEST_CASE("no command, and what exec cannot take") {
  ContainerSpec spec = ordinary();
  spec.command.clear();
  CHECK(mentions(refusal(spec, kRoot), "give the task a command"));
  spec.command = {"a", std::string("b\0c", 3)};
  CHECK(mentions(refusal(spec, kRoot), "zero bytes"));
  spec = ordinary();
  spec.env = {{"A=B", "1"}};
  CHECK_FALSE(refusal(spec, kRoot).empty());
}

TEST_CASE("users") {
  ContainerSpec spec = ordinary();
  for (const char* user : {"", "nobody", "1000:staff", "-1", "4294967295", "1000:", "1x"}) {
    CAPTURE(user);
    spec.user = user;
    CHECK_FALSE(refusal(spec, kRoot).empty());
    CHECK_FALSE(refusal(spec, kPlainBestEffort).empty());
  }
  spec.user = "1000:100";
  CHECK(process_spec(spec, kRoot)->gid == 100);
  for (const char* user : {"0", "0:5", "5:0"}) {
    CAPTURE(user);
    spec.user = user;
    spec.privileged = false;
    CHECK(mentions(refusal(spec, kRoot), "host's own root"));
    spec.privileged = true;
    CHECK(process_spec(spec, kRoot));
  }
}

TEST_CASE("an agent that is not root runs tasks as itself only, unless told that it may") {
  ContainerSpec spec = ordinary();
  spec.memory_bytes = 0;
  spec.network = "host";
  CHECK(mentions(refusal(spec, kPlain), "engine.caps: best_effort"));
  spec.user = "1000";
  CHECK_FALSE(process_spec(spec, kPlain)->own_user);
  spec.user = "65534";
  CHECK_FALSE(process_spec(spec, kPlainBestEffort)->own_user);
  spec.privileged = true;
  CHECK_FALSE(refusal(spec, kPlainBestEffort).empty());
}

TEST_CASE("caps that cannot be enforced are refused, unless told that they may be let go") {
  ContainerSpec spec = ordinary();
  spec.user = "1000";
  spec.network = "host";
  const std::string why = refusal(spec, kPlain);
  CHECK(mentions(why, "cannot enforce caps"));
  CHECK(mentions(why, "no cgroups"));
  CHECK(mentions(why, "engine.caps: best_effort"));
  CHECK(process_spec(spec, kPlainBestEffort));
  Mount mount;
  mount.kind = Mount::Kind::kVolume;
  mount.source = "volume";
  mount.target = "/workspace";
  mount.read_only = false;
  mount.max_bytes = 1;
  spec.mounts = {mount};
  CHECK(mentions(refusal(spec, kRoot), "cannot be bounded"));
  CHECK(process_spec(spec, kPlainBestEffort)->volume == "volume");
}

TEST_CASE("networks") {
  ContainerSpec spec = ordinary();
  spec.memory_bytes = 0;
  spec.user = "1000";
  CHECK(mentions(refusal(spec, kPlain), "engine.caps: best_effort"));
  CHECK_FALSE(process_spec(spec, kPlainBestEffort)->own_network);
  spec.network = "bridge";
  CHECK(mentions(refusal(spec, kRoot), "bridge"));
  CHECK(process_spec(spec, kPlainBestEffort));
  spec.network = "none";
  spec.join_network = "id";
  CHECK_FALSE(refusal(spec, kPlainBestEffort).empty());
}

TEST_CASE("mounts and capabilities, which a process has not") {
  ContainerSpec spec = ordinary();
  Mount secret;
  secret.source = "/run/pawl/secrets/1";
  secret.target = "/run/secrets/key";
  spec.mounts = {secret};
  const std::string why = refusal(spec, kRoot);
  CHECK(mentions(why, "hand a secret over as `env`"));
  CHECK(mentions(why, "/run/pawl/secrets/1"));
  secret.target = "/run/pawl/output";
  CHECK_FALSE(refusal(spec, kRoot).empty());
  secret.read_only = false;
  spec.mounts = {secret};
  CHECK(process_spec(spec, kRoot)->output_path == secret.source);
  spec = ordinary();
  spec.cap_add = {"NET_ADMIN"};
  CHECK(mentions(refusal(spec, kPlainBestEffort), "cap_add"));
}
