#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "docker/container_json.h"
#include "docker/create_request.h"
#include "docker/engine_client.h"
#include "docker/image_reference.h"
#include "model/limits.h"

using namespace pawl;

namespace {

ContainerSpec example_spec() {
  ContainerSpec spec;
  spec.name = "pawl-0123456789ab-7-dump-1";
  spec.labels = {{"dev.pawl.run", "7"}, {"dev.pawl.task", "dump"}};
  spec.image = "registry.local:5000/tools/pg:16";
  spec.command = {"sh", "-c", "echo \"$PGHOST\""};
  spec.env = {{"PGHOST", "db"}, {"EMPTY", ""}};
  spec.cpus_milli = 500;
  spec.memory_bytes = 256 << 20;
  spec.pids = 128;
  spec.user = "65534";
  Mount workspace;
  workspace.kind = Mount::Kind::kVolume;
  workspace.source = "pawl-0123456789ab-7";
  workspace.target = "/workspace";
  workspace.read_only = false;
  workspace.labels = {{"dev.pawl.run", "7"}};
  Mount secret;
  secret.source = "/run/pawl: x,ro/0";
  secret.target = "/run/secrets/db";
  spec.mounts = {workspace, secret};
  return spec;
}

Json parse(const char* text) {
  auto json = Json::parse(text);
  REQUIRE(json);
  return *json;
}

}  // namespace

TEST_CASE("the create request, field by field") {
  CHECK(create_request(example_spec()).dump(2) == R"({
  "Image": "registry.local:5000/tools/pg:16",
  "Entrypoint": [
    ""
  ],
  "Cmd": [
    "sh",
    "-c",
    "echo \"$PGHOST\""
  ],
  "Env": [
    "PGHOST=db",
    "EMPTY="
  ],
  "User": "65534",
  "WorkingDir": "/workspace",
  "Labels": {
    "dev.pawl.run": "7",
    "dev.pawl.task": "dump"
  },
  "Tty": false,
  "OpenStdin": false,
  "NetworkDisabled": false,
  "Healthcheck": {
    "Test": [
      "NONE"
    ]
  },
  "HostConfig": {
    "NetworkMode": "none",
    "Memory": 268435456,
    "MemorySwap": 268435456,
    "NanoCpus": 500000000,
    "PidsLimit": 128,
    "ReadonlyRootfs": true,
    "Privileged": false,
    "CapDrop": [
      "ALL"
    ],
    "SecurityOpt": [
      "no-new-privileges"
    ],
    "IpcMode": "private",
    "Init": true,
    "Tmpfs": {
      "/tmp": "rw,noexec,nosuid,nodev,size=64m"
    },
    "Mounts": [
      {
        "Type": "volume",
        "Source": "pawl-0123456789ab-7",
        "Target": "/workspace",
        "ReadOnly": false,
        "VolumeOptions": {
          "NoCopy": true,
          "Labels": {
            "dev.pawl.run": "7"
          }
        }
      },
      {
        "Type": "bind",
        "Source": "/run/pawl: x,ro/0",
        "Target": "/run/secrets/db",
        "ReadOnly": true
      }
    ],
    "RestartPolicy": {
      "Name": "no"
    },
    "AutoRemove": false,
    "OomScoreAdj": 500,
    "LogConfig": {
      "Type": "json-file",
      "Config": {
        "max-size": "33554432",
        "max-file": "2"
      }
    }
  }
})");
}

TEST_CASE("without a command the image's own entry point and command stay") {
  ContainerSpec spec = example_spec();
  spec.command.clear();
  const Json request = create_request(spec);
  CHECK_FALSE(request.contains("Entrypoint"));
  CHECK_FALSE(request.contains("Cmd"));
}

TEST_CASE("what a pipeline writes stays a value") {
  ContainerSpec spec = example_spec();
  spec.image = "x\",\"Privileged\":true,\"y\":\"";
  spec.command = {"\"],\"HostConfig\":{\"Privileged\":true}"};
  spec.env = {{"A", "b\nPRIVILEGED=1\""}};
  spec.network = "host\",\"Privileged\":true";
  const Json request = parse(create_request(spec).dump().c_str());
  CHECK(request["Image"].as_string() == spec.image);
  CHECK(request["Cmd"].items().at(0).as_string() == spec.command[0]);
  CHECK(request["Env"].items().at(0).as_string() == "A=b\nPRIVILEGED=1\"");
  CHECK(request["HostConfig"]["NetworkMode"].as_string() == spec.network);
  CHECK_FALSE(request["HostConfig"]["Privileged"].as_bool(true));
}

TEST_CASE("a list of volumes") {
  const auto volumes = parse_volume_list(parse(
      R"({"Volumes":[{"Name":"a","Labels":{"x":"y"}},{"Name":"b","Labels":null}],"Warnings":null})"));
  REQUIRE(volumes);
  REQUIRE(volumes->size() == 2);
  CHECK((*volumes)[0].name == "a");
  CHECK((*volumes)[0].labels == std::map<std::string, std::string>{{"x", "y"}});
  CHECK((*volumes)[1].labels.empty());
  CHECK(parse_volume_list(parse(R"({"Volumes":null})"))->empty());
  for (const char* text : {"null", "[]", "{\"Volumes\":3}", "{\"Volumes\":[{}]}"}) {
    CAPTURE(text);
    CHECK(parse_volume_list(parse(text)).error().kind == ErrorKind::kCorrupt);
  }
}

TEST_CASE("a container's state") {
  const auto state = parse_container_state(parse(R"({"Id":"abc","State":{"Status":"exited",
      "OOMKilled":true,"ExitCode":137,"Error":"","StartedAt":"2026-11-21T04:38:35.874938816Z",
      "FinishedAt":"2026-11-21T04:38:36.878334549Z"},"Config":{"Labels":{"a":"b"}}})"));
  REQUIRE(state);
  CHECK(state->id == "abc");
  CHECK(state->phase == ContainerState::Phase::kExited);
  CHECK(state->exit_code == 137);
  CHECK(state->oom_killed);
  CHECK(state->started_at.ms == 1'795'235'915'874);
  CHECK(state->ended_at.ms == 1'795'235'916'878);
  CHECK(state->labels == std::map<std::string, std::string>{{"a", "b"}});
}

TEST_CASE("a container's phase") {
  using Phase = ContainerState::Phase;
  const std::vector<std::pair<std::string, Phase>> rows = {
      {"created", Phase::kCreated}, {"running", Phase::kRunning},
      {"paused", Phase::kRunning},  {"restarting", Phase::kRunning},
      {"exited", Phase::kExited},   {"dead", Phase::kExited},
      {"removing", Phase::kExited}, {"initialized", Phase::kCreated},
      {"stopping", Phase::kRunning}};
  for (const auto& [status, phase] : rows) {
    CAPTURE(status);
    const auto state = parse_container_state(
        parse((R"({"Id":"a","State":{"Status":")" + status +
               R"(","StartedAt":"0001-01-01T00:00:00Z"},"Config":{"Labels":null}})")
                  .c_str()));
    REQUIRE(state);
    CHECK(state->phase == phase);
    CHECK_FALSE(state->started_at.is_set());
  }
}

TEST_CASE("answers that are none are corrupt") {
  for (const char* text :
       {"null", "{}", "[]", R"({"Id":"a"})", R"({"Id":1,"State":{"Status":"x"}})",
        R"({"Id":"a","State":"exited"})"}) {
    CAPTURE(text);
    const auto state = parse_container_state(parse(text));
    REQUIRE_FALSE(state);
    CHECK(state.error().kind == ErrorKind::kCorrupt);
  }
  CHECK_FALSE(parse_container_list(parse("{}")));
  CHECK_FALSE(parse_container_list(parse("[{}]")));
  CHECK_FALSE(parse_container_list(parse("[1]")));
}

TEST_CASE("the list of containers") {
  const auto list = parse_container_list(
      parse(R"([{"Id":"a","Names":["/other/alias","/pawl-1"],"Labels":{"x":"1"}},
                {"Id":"b","Names":null,"Labels":null}])"));
  REQUIRE(list);
  REQUIRE(list->size() == 2);
  CHECK((*list)[0].labels.at("x") == "1");
  CHECK((*list)[0].name == "pawl-1");
  CHECK((*list)[1].name.empty());
  CHECK_FALSE((*list)[1].running);
  CHECK((*list)[1].join_network.empty());
  CHECK((*list)[1].volumes.empty());
}

TEST_CASE("what the list says of a container's image, network, volumes and life") {
  for (const auto& [state, running] : std::vector<std::pair<std::string, bool>>{
           {"running", true}, {"paused", true}, {"created", false}, {"exited", false}}) {
    CAPTURE(state);
    const auto list =
        parse_container_list(parse((R"([{"Id":"a","Image":"alpine:3.20","State":")" + state +
                                    R"(","HostConfig":{"NetworkMode":"container:0123"},"Mounts":[
                 {"Type":"volume","Name":"v","Destination":"/workspace"},
                 {"Type":"bind","Source":"/srv","Destination":"/srv"},
                 {"Type":"volume","Name":"w","Destination":"/w"}]}])")
                                       .c_str()));
    REQUIRE(list);
    const ContainerSummary& container = list->at(0);
    CHECK(container.image == "alpine:3.20");
    CHECK(container.running == running);
    CHECK(container.join_network == "0123");
    CHECK(container.volumes == std::vector<std::string>{"v", "w"});
  }
  const auto plain = parse_container_list(
      parse(R"([{"Id":"a","HostConfig":{"NetworkMode":"container"},"Mounts":null}])"));
  CHECK(plain->at(0).join_network.empty());
}

TEST_CASE("what a container has used") {
  const auto usage = parse_usage(R"({"cpu_stats":{"cpu_usage":{"total_usage":2500000000},
      "throttling_data":{"periods":9,"throttled_periods":3,"throttled_time":1999999}},
      "memory_stats":{"usage":500,"max_usage":900,"limit":1000}})");
  REQUIRE(usage);
  CHECK(*usage == ResourceUsage{900, 2500, 1});
  // Control groups of version 2 keep no peak that the engine passes on.
  const auto second = parse_usage(
      R"({"cpu_stats":{"cpu_usage":{"total_usage":1000000}},"memory_stats":{"usage":500}})");
  REQUIRE(second);
  CHECK(*second == ResourceUsage{500, 1, 0});
  // As Docker 20.10 and Podman 4.3 describe one that does not run.
  for (const char* text :
       {"", "\n", "{}", R"({"cpu_stats":{"cpu_usage":{"total_usage":0}},"memory_stats":{}})"}) {
    CAPTURE(text);
    CHECK(parse_usage(text).error().kind == ErrorKind::kConflict);
  }
  for (const char* text : {"null", "[]", "3", "x", "{"}) {
    CAPTURE(text);
    CHECK(parse_usage(text).error().kind == ErrorKind::kCorrupt);
  }
}

TEST_CASE("a warning that a cap will not hold is found among others") {
  const std::vector<std::string> caps = {
      "Your kernel does not support memory limit capabilities or the cgroup is not mounted. "
      "Limitation discarded.",
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory "
      "limited without swap.",
      "Your kernel does not support pids limit capabilities or the cgroup is not mounted. PIDs "
      "limit discarded.",
      "Your kernel does not support CPU CFS scheduler. CPU quota discarded."};
  for (const std::string& cap : caps) {
    CHECK(find_cap_warning(Json::array()
                               .push("IPv4 forwarding is disabled. Networking will not work.")
                               .push(cap)) == cap);
  }
  CHECK(find_cap_warning(parse("[]")).empty());
  CHECK(find_cap_warning(parse("null")).empty());
  CHECK(
      find_cap_warning(parse(R"(["The requested image's platform (linux/arm64) does not match"])"))
          .empty());
}

TEST_CASE("image names") {
  struct Row {
    const char* text;
    const char* repository;
    const char* tail;
  };
  for (const Row& row :
       std::vector<Row>{{"alpine", "alpine", "latest"},
                        {"alpine:3.20", "alpine", "3.20"},
                        {"registry.local:5000/tools/pg", "registry.local:5000/tools/pg", "latest"},
                        {"registry.local:5000/tools/pg:16", "registry.local:5000/tools/pg", "16"},
                        {"pg@sha256:abcd", "pg", "sha256:abcd"},
                        {"r:5000/pg:16@sha256:abcd", "r:5000/pg", "sha256:abcd"}}) {
    CAPTURE(row.text);
    const auto reference = parse_image_reference(row.text);
    REQUIRE(reference);
    CHECK(reference->repository == row.repository);
    CHECK(reference->tag_or_digest == row.tail);
  }
}

TEST_CASE("the registry that a name means") {
  const std::vector<std::pair<const char*, const char*>> rows = {
      {"alpine", "docker.io"},
      {"library/alpine", "docker.io"},
      {"docker.io/library/alpine", "docker.io"},
      {"index.docker.io/library/alpine", "docker.io"},
      {"registry.local/tools/pg", "registry.local"},
      {"registry.local:5000/pg", "registry.local:5000"},
      {"pi:5000/pg", "pi:5000"},
      {"localhost/pg", "localhost"},
      {"Host/pg", "Host"},
      // A host's name alone is a repository of Docker Hub.
      {"registry.local", "docker.io"},
      {"tools/registry.local/pg", "docker.io"}};
  for (const auto& [repository, registry] : rows) {
    CAPTURE(repository);
    CHECK(registry_of(repository) == registry);
  }
}

TEST_CASE("what is no image name is refused") {
  for (const std::string& text : std::vector<std::string>{
           "",      ":",    "@",     "a@",      "a:",
           "/a",    "a/",   "a//b",  "../a",    "a/../b",
           "a/./b", "a b",  "a?x=1", "a&tag=b", "a#b",
           "a%2e",  "a\nb", "a@b@c", "a@b/c",   std::string(limits::kImageNameBytes + 1, 'a')}) {
    CAPTURE(text);
    const auto reference = parse_image_reference(text);
    REQUIRE_FALSE(reference);
    CHECK(reference.error().kind == ErrorKind::kInvalid);
  }
}

TEST_CASE("the API version that is spoken") {
  const auto choose = [](const char* newest, const char* oldest) {
    return choose_version(Json::object()
                              .set("Version", "20.10.24")
                              .set("ApiVersion", newest)
                              .set("MinAPIVersion", oldest));
  };
  CHECK(choose("1.41", "1.12")->api == "1.41");
  CHECK(choose("1.41", "1.12")->engine == "20.10.24");
  CHECK(choose("1.40", "1.12")->api == "1.40");
  CHECK(choose("1.47", "1.24")->api == "1.47");
  CHECK(choose("1.51", "1.44")->api == "1.47");
  CHECK(choose("1.41", "")->api == "1.41");
  CHECK(choose("1.39", "1.12").error().kind == ErrorKind::kInvalid);
  CHECK(choose("1.39", "1.12").error().message ==
        "the container engine (version 20.10.24) speaks API 1.39, which is too old; install Docker "
        "19.03 (API 1.40) or newer");
  CHECK(choose("1.60", "1.48").error().kind == ErrorKind::kInvalid);
  for (const char* odd : {"", "2.0", "1.", "1.x", "1.-1", "1.41.2"}) {
    CAPTURE(odd);
    CHECK(choose(odd, "1.12").error().kind == ErrorKind::kCorrupt);
  }
  CHECK(choose_version(Json()).error().kind == ErrorKind::kCorrupt);
  CHECK_FALSE(choose("1.41", "1.12")->is_podman);
  CHECK(choose_version(parse(R"({"ApiVersion":"1.41","Components":[{"Name":"Podman Engine"}]})"))
            ->is_podman);
}

TEST_CASE("percent encoding") {
  CHECK(percent_encode("aZ0-._~") == "aZ0-._~");
  CHECK(percent_encode("a/b:c?d&e#f\n\xff") == "a%2Fb%3Ac%3Fd%26e%23f%0A%FF");
}
