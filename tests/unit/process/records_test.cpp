#include "process/records.h"

#include <doctest/doctest.h>

using namespace pawl;

namespace {

ProcessSpec full_spec() {
  ProcessSpec spec;
  spec.id = "id";
  spec.labels = {{"a", "1"}, {"b", ""}};
  spec.image = "image:1";
  spec.command = {"sh", "-c", "echo \"ü\"\n"};
  spec.volume = "volume";
  spec.volume_target = "/workspace";
  spec.volume_path = "/state/volumes/volume/data";
  spec.output_target = "/run/pawl/output";
  spec.output_path = "/state/outputs/1-0-1";
  spec.cpus_milli = 500;
  spec.memory_bytes = 16 << 20;
  spec.pids = 32;
  spec.cgroup = {true, {{"memory", "/sys/fs/cgroup/pawl-id"}}};
  spec.own_network = true;
  spec.own_user = true;
  spec.uid = 65534;
  spec.gid = 1000;
  spec.privileged = true;
  return spec;
}

const EndRecord kEnd{137,  WallTime{1'700'000'000'000}, WallTime{1'700'000'001'000}, true, "why",
                     true, ResourceUsage{1, 2, 3}};

}  // namespace

TEST_CASE("every record is read back as it was written") {
  CHECK(decode_spec(encode(full_spec())).value() == full_spec());
  const Variables variables = {{"A", "1"}, {"B", ""}, {"A", "line\nbreak \"ü\""}};
  CHECK(decode_variables(encode(variables)).value() == variables);
  const StartRecord start{"boot", WallTime{5}};
  CHECK(decode_start(encode(start)).value() == start);
  const RunRecord run{"boot", WallTime{5}, 10, 11, 12};
  CHECK(decode_run(encode(run)).value() == run);
  CHECK(decode_end(encode(kEnd)).value() == kEnd);
  const std::map<std::string, std::string> labels = {{"x", "y"}};
  CHECK(decode_labels(encode(labels)).value() == labels);
}

TEST_CASE("a record that is cut short anywhere is damaged, not another record") {
  const std::string spec = encode(full_spec());
  for (std::size_t length = 0; length < spec.size(); ++length) {
    REQUIRE_FALSE(decode_spec(std::string_view(spec).substr(0, length)));
  }
  const std::string end = encode(kEnd);
  for (std::size_t length = 0; length < end.size(); ++length) {
    REQUIRE_FALSE(decode_end(std::string_view(end).substr(0, length)));
  }
}

TEST_CASE("an end without a code or a time is none") {
  CHECK_FALSE(decode_end(R"({"format":1,"ended_at":5})"));
  CHECK_FALSE(decode_end(R"({"format":1,"exit_code":0})"));
  CHECK_FALSE(decode_end(R"({"format":2,"exit_code":0,"ended_at":5})"));
  CHECK(decode_end(R"({"format":1,"exit_code":0,"ended_at":5})"));
}

TEST_CASE("nobody is signalled by a damaged record") {
  for (const char* pid : {"0", "-1", "1", "null"}) {
    CAPTURE(pid);
    CHECK_FALSE(decode_run(std::string(R"({"format":1,"supervisor":)") + pid + R"(,"task":7})"));
    CHECK_FALSE(decode_run(std::string(R"({"format":1,"task":)") + pid + R"(,"supervisor":7})"));
  }
}
