#include "config/host_config_loader.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "loading.h"
#include "model/limits.h"
#include "support/temp_directory.h"

using namespace pawl;
using Lines = std::vector<std::string>;

namespace {

HostEnvironment environment() {
  HostEnvironment environment;
  environment.host_name = "edge-07";
  return environment;
}

HostConfig config_of(std::string_view text, const HostEnvironment& given = environment()) {
  const HostConfigResult result = parse_host_config(text, "/etc/pawl/pawl.yaml", given);
  CHECK(lines(result.problems) == Lines{});
  return result.config;
}

Lines host_problems(std::string_view text, const HostEnvironment& given = environment()) {
  return lines(parse_host_config(text, "/etc/pawl/pawl.yaml", given).problems);
}

Lines source_problems(const std::string& keys) {
  return host_problems("sources:\n  - {name: s, " + keys + "}\n");
}

}  // namespace

TEST_CASE("a silent file leaves the defaults") {
  for (std::string_view text : {"", "# nothing\n", "---\n", "{}\n"}) {
    CAPTURE(text);
    const HostConfig config = config_of(text);
    CHECK(config.file == "/etc/pawl/pawl.yaml");
    CHECK(config.host_name == "edge-07");
    CHECK(config.timezone == "UTC");
    CHECK(config.sources.empty());
    CHECK(config.engine.host == "unix:///var/run/docker.sock");
    CHECK(config.engine.type == "docker");
    CHECK(config.engine.ca_file.empty());
    CHECK(config.engine.credentials_file.empty());
    CHECK(config.engine.image_directory == "/var/lib/pawl/images");
    CHECK(config.engine.sandbox_per_run);
    CHECK_FALSE(config.engine.best_effort_caps);
    CHECK(config.workers == 4);
    CHECK_FALSE(config.policy.require_digest);
    CHECK(config.policy.mounts.empty());
    CHECK(config.policy.cap_add.empty());
    CHECK_FALSE(config.policy.privileged);
    CHECK(config.policy.max_workspace_bytes == 0);
    CHECK(config.policy.images.empty());
    CHECK(config.policy.networks == Lines{"none"});
    CHECK(config.secrets_directory == "/etc/pawl/secrets");
    CHECK(config.state_directory == "/var/lib/pawl");
    CHECK(config.keep_age_ms == 30 * 86'400'000LL);
    CHECK(config.keep_runs_per_pipeline == 200);
    CHECK(config.http_listen == "127.0.0.1:7433");
    CHECK(config.http_socket == "/run/pawl/pawl.sock");
    CHECK(config.webhooks_listen == "127.0.0.1:7434");
  }
}

TEST_CASE("every key of the host config reaches the model") {
  const HostConfig config = config_of(R"(
host: {name: edge-01.berlin, labels: {site: berlin, tier: 1}, timezone: Europe/Berlin}
sources:
  - name: fleet
    url: https://git.example.net/fleet.git
    ref: refs/heads/prod
    path: ./pipelines//edge/
    interval: 90s
    auth: {username: bot, password_file: /etc/pawl/token, ca_file: /etc/pawl/ca.pem}
  - {name: local, url: /srv/git/local.git, ref: v2}
  - {name: file, url: "file:///srv/git/file.git", path: .}
engine:
  type: docker
  host: tcp://engine.example.net:2376
  tls: {ca_file: /etc/pawl/ca.pem, cert_file: /etc/pawl/cert.pem, key_file: /etc/pawl/key.pem}
  credentials_file: /etc/pawl/registries.json
  image_directory: /srv/images
  sandbox: task
  caps: enforce
workers: 8
policy:
  images: ["registry.local/*", "alpine:*"]
  require_digest: true
  pull: never
  networks: [bridge, backend]
  mounts: [/srv/in, "/srv/out:rw", "/srv/docs:ro", /]
  privileged: true
  cap_add: [NET_ADMIN, cap_sys_time]
  max: {cpus: 1.5, memory: 1g, pids: 512, timeout: 6h, tasks: 50, workspace: 2g}
  default_image: alpine:3.20@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
defaults: {cpus: 0.25, memory: 64m, pids: 32, timeout: 10m}
secrets: {directory: /run/secrets}
state: {directory: /srv/pawl, max_size: 1g, log_limit: 1m, keep: {age: 7d, runs_per_pipeline: 50}}
http: {listen: "[::1]:8080", socket: /run/p.sock}
webhooks: {listen: "0.0.0.0:9000", max_body: 64k}
auth: {mode: local}
)");
  CHECK(config.host_name == "edge-01.berlin");
  CHECK(config.labels == std::map<std::string, std::string>{{"site", "berlin"}, {"tier", "1"}});
  CHECK(config.timezone == "Europe/Berlin");
  CHECK(config.zone.name() == "Europe/Berlin");
  REQUIRE(config.sources.size() == 3);
  const SourceConfig& fleet = config.sources[0];
  CHECK(fleet.name == "fleet");
  CHECK(fleet.url == "https://git.example.net/fleet.git");
  CHECK(fleet.ref == "refs/heads/prod");
  CHECK(fleet.path == "pipelines/edge");
  CHECK(fleet.interval_ms == 90'000);
  CHECK(fleet.username == "bot");
  CHECK(fleet.password_file == "/etc/pawl/token");
  CHECK(fleet.ca_file == "/etc/pawl/ca.pem");
  CHECK(config.sources[1].ref == "refs/heads/v2");
  CHECK(config.sources[1].interval_ms == 60'000);
  CHECK(config.sources[2].ref == "refs/heads/main");
  CHECK(config.sources[2].path.empty());
  CHECK(config.engine.type == "docker");
  CHECK(config.engine.host == "tcp://engine.example.net:2376");
  CHECK(config.engine.ca_file == "/etc/pawl/ca.pem");
  CHECK(config.engine.cert_file == "/etc/pawl/cert.pem");
  CHECK(config.engine.key_file == "/etc/pawl/key.pem");
  CHECK(config.engine.credentials_file == "/etc/pawl/registries.json");
  CHECK(config.engine.image_directory == "/srv/images");
  CHECK_FALSE(config.engine.sandbox_per_run);
  CHECK_FALSE(config.engine.best_effort_caps);
  CHECK(config.workers == 8);
  CHECK(config.defaults.cpus_milli == 250);
  CHECK(config.defaults.memory_bytes == 64LL << 20);
  CHECK(config.defaults.pids == 32);
  CHECK(config.defaults.timeout_ms == 600'000);
  CHECK(config.policy.images == Lines{"registry.local/*", "alpine:*"});
  CHECK(config.policy.pull == "never");
  CHECK(config.policy.networks == Lines{"none", "bridge", "backend"});
  CHECK(config.policy.max_cpus_milli == 1500);
  CHECK(config.policy.max_memory_bytes == 1LL << 30);
  CHECK(config.policy.max_pids == 512);
  CHECK(config.policy.max_timeout_ms == 6 * 3'600'000);
  CHECK(config.policy.max_tasks == 50);
  CHECK(config.policy.max_workspace_bytes == 2LL << 30);
  CHECK(config.policy.default_image.starts_with("alpine:3.20@sha256:0123"));
  CHECK(config.policy.require_digest);
  CHECK(config.policy.mounts ==
        std::vector<AllowedMount>{
            {"/srv/in", false}, {"/srv/out", true}, {"/srv/docs", false}, {"/", false}});
  CHECK(config.policy.privileged);
  CHECK(config.policy.cap_add == Lines{"NET_ADMIN", "SYS_TIME"});
  CHECK(config.secrets_directory == "/run/secrets");
  CHECK(config.state_directory == "/srv/pawl");
  CHECK(config.state_max_bytes == 1LL << 30);
  CHECK(config.log_limit_bytes == 1LL << 20);
  CHECK(config.keep_age_ms == 7 * 86'400'000LL);
  CHECK(config.keep_runs_per_pipeline == 50);
  CHECK(config.http_listen == "[::1]:8080");
  CHECK(config.http_socket == "/run/p.sock");
  CHECK(config.webhooks_listen == "0.0.0.0:9000");
  CHECK(config.webhook_max_body_bytes == 64 * 1024);
}

TEST_CASE("the environment counts where the file is silent") {
  HostEnvironment given = environment();
  given.state_directory = "/var/lib/private/pawl:/var/lib/other";
  given.runtime_directory = "/run/private/pawl";
  given.credentials_directory = "/run/credentials/pawl.service";
  given.docker_host = "unix:///run/user/1000/docker.sock";
  const HostConfig silent = config_of("", given);
  CHECK(silent.state_directory == "/var/lib/private/pawl");
  CHECK(silent.http_socket == "/run/private/pawl/pawl.sock");
  CHECK(silent.secrets_directory == "/run/credentials/pawl.service");
  CHECK(silent.engine.host == "unix:///run/user/1000/docker.sock");
  const HostConfig given_config = config_of(
      "host: {name: x}\nstate: {directory: /s}\nhttp: {socket: /h.sock}\nsecrets: {directory: /c}\n"
      "engine: {host: unix:///d.sock}\n",
      given);
  CHECK(given_config.host_name == "x");
  CHECK(given_config.state_directory == "/s");
  CHECK(given_config.http_socket == "/h.sock");
  CHECK(given_config.secrets_directory == "/c");
  CHECK(given_config.engine.host == "unix:///d.sock");
}

TEST_CASE("Docker's own environment says where the engine is") {
  HostEnvironment given = environment();
  given.docker_host = "tcp://10.0.0.1:2375";
  const std::string refused =
      "0:0: $DOCKER_HOST \"tcp://10.0.0.1:2375\" needs TLS, or whoever reaches it is root there: "
      "set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or write engine.host and engine.tls";
  CHECK(host_problems("", given) == Lines{refused});
  CHECK(host_problems("engine: {host: unix:///d.sock}\n", given).empty());
  CHECK(host_problems("engine: {type: process}\n", given).empty());
  given.docker_cert_path = "/certs";
  CHECK(host_problems("", given) == Lines{refused});
  given.docker_tls_verify = "1";
  const HostConfig silent = config_of("", given);
  CHECK(silent.engine.host == "tcp://10.0.0.1:2375");
  CHECK(silent.engine.ca_file == "/certs/ca.pem");
  CHECK(silent.engine.cert_file == "/certs/cert.pem");
  CHECK(silent.engine.key_file == "/certs/key.pem");
  given.docker_cert_path.clear();
  given.home = "/root";
  CHECK(config_of("", given).engine.key_file == "/root/.docker/key.pem");
  // They are for the environment's host.
  CHECK(config_of("engine: {host: unix:///d.sock}\n", given).engine.ca_file.empty());
  CHECK(host_problems("engine: {host: \"tcp://x:2376\"}\n", given).size() == 1);
  const std::string own =
      "engine: {tls: {ca_file: /a/ca.pem, cert_file: /a/cert.pem, key_file: /a/key.pem}}\n";
  CHECK(config_of(own, given).engine.ca_file == "/a/ca.pem");
  given.docker_host = "ssh://x";
  CHECK(host_problems("", given) ==
        Lines{"0:0: $DOCKER_HOST \"ssh://x\" is no engine's address; write unix:// and the path of "
              "its socket, or tcp://engine.example.net:2376 and 'tls'"});
}

TEST_CASE("the registries' credentials are looked for where others keep them") {
  const TempDirectory directory;
  HostEnvironment given = environment();
  given.home = directory / "home";
  given.docker_config = directory / "docker";
  given.credentials_directory = directory / "credentials";
  const auto found = [&] { return config_of("", given).engine.credentials_file; };
  CHECK(found().empty());
  for (const std::string& file :
       {directory / "home/.docker/config.json", directory / "docker/config.json",
        directory / "credentials/registries.json"}) {
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file) << "{}";
    CHECK(found() == file);
  }
  CHECK(config_of("engine: {credentials_file: /c.json}\n", given).engine.credentials_file ==
        "/c.json");
  CHECK(config_of("engine: {type: process}\n", given).engine.credentials_file.empty());
}

TEST_CASE("the process environment is read") {
  setenv("STATE_DIRECTORY", "/var/lib/of-a-test", 1);
  unsetenv("RUNTIME_DIRECTORY");
  const std::vector<std::pair<const char*, const char*>> docker = {
      {"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CERT_PATH", "/certs"}, {"DOCKER_CONFIG", "/docker"}};
  for (const auto& [name, value] : docker) setenv(name, value, 1);
  const HostEnvironment read = read_host_environment();
  CHECK(read.state_directory == "/var/lib/of-a-test");
  CHECK(read.docker_tls_verify == "1");
  CHECK(read.docker_cert_path == "/certs");
  CHECK(read.docker_config == "/docker");
  CHECK(read.runtime_directory.empty());
  CHECK_FALSE(read.host_name.empty());
  unsetenv("STATE_DIRECTORY");
  for (const auto& [name, value] : docker) unsetenv(name);
}

TEST_CASE("unknown keys, wrong types and values out of bounds") {
  CHECK(host_problems("polcy: {}\nworkers: 300\nhost: [x]\n") ==
        Lines{"1:1: unknown key \"polcy\" in the host config; did you mean 'policy'?",
              "2:10: 'workers' must be from 1 to 256, not 300",
              "3:7: 'host' must be a mapping (key: value), not a list"});
  CHECK(host_problems("workers: 0\nworkers: 1\n").size() == 2);
  CHECK(host_problems("[]\n") ==
        Lines{"1:1: the host config must be a mapping (key: value), not a list"});
  CHECK(host_problems("workers: 1\n---\nworkers: 2\n") ==
        Lines{"3:1: a host config has one document; '---' starts a second"});
  CHECK(
      host_problems("host: {name: a b, labels: {A: x, b: }, timezone: Mars}\n") ==
      Lines{"1:14: \"a b\" is not a host's name: letters, digits, '-' and '.'",
            "1:28: \"A\" is not a label's name (a-z or 0-9 first, then up to 62 of a-z 0-9 . _ -)",
            "1:34: label \"b\" has no value; write \"\" if it is meant to be empty",
            "1:50: unknown timezone \"Mars\"; write a name of the IANA database such as "
            "Europe/Berlin"});
  CHECK(host_problems("state: {directory: var, max_size: 3g, log_limit: 1k}\n") ==
        Lines{"1:20: 'directory' must be an absolute path, not \"var\"",
              "1:35: 'max_size' must be from 1m to 2g, not \"3g\"",
              "1:50: 'log_limit' must be from 64k to 10m, not \"1k\""});
  CHECK(host_problems("http: {socket: /" + std::string(107, 'x') + "}\n") ==
        Lines{"1:16: 'socket' has 108 bytes; at most 107 are allowed"});
}

TEST_CASE("policy") {
  CHECK(host_problems("policy:\n"
                      "  images: [\"alpine:*\", \"a b\", \"\"]\n"
                      "  pull: sometimes\n"
                      "  networks: [host, \"container:x\"]\n"
                      "  max: {cpus: 0, memory: 1m, tasks: 1000}\n"
                      "  default_image: \"x:\"\n") ==
        Lines{"2:24: \"a b\" is not a pattern of images such as alpine:* or registry.local/*",
              "2:31: an item of 'images' must not be empty",
              "3:9: 'pull' must be always, missing or never, not \"sometimes\"",
              "4:14: the network 'host' cannot be allowed: it would undo a task's isolation",
              "4:20: \"container:x\" is not the name of a network",
              "5:15: 'cpus' must be from 0.01 to 1000, not \"0\"",
              "5:26: 'memory' must be from 6m to 1024t, not \"1m\"",
              "5:37: 'tasks' must be from 1 to 200, not 1000",
              "6:18: \"x:\" is not an image reference ([registry/]name[:tag][@digest])"});
  CHECK(host_problems("policy: {max: {workspace: 1m}}\n") ==
        Lines{"1:27: 'workspace' must be from 6m to 1024t, not \"1m\""});
  CHECK(host_problems("policy: {require_digest: yes, default_image: base:1, privileged: 1}\n") ==
        Lines{"1:26: 'require_digest' must be true or false, not \"yes\"",
              "1:66: 'privileged' must be true or false, not \"1\""});
  CHECK(host_problems("policy: {require_digest: true, default_image: base:1}\n") ==
        Lines{"1:47: image \"base:1\" has no digest, and this host runs images by digest only"});
  // Naming a default image allows it.
  CHECK(config_of("policy: {default_image: 'base:1'}\n").policy.images == Lines{"base:1"});
  CHECK(config_of("policy: {default_image: 'base:1', images: ['base:*']}\n").policy.images ==
        Lines{"base:*"});
}

TEST_CASE("what later versions do is refused, what asks for nothing is not") {
  CHECK(host_problems("auth: {mode: users}\n") ==
        Lines{"1:14: auth mode \"users\" is not supported by this version of pawl; only local is"});
}

TEST_CASE("paths of the host and capabilities that a policy may name") {
  const std::string plain =
      " is not a path of the host: absolute, without \".\", \"..\" and \"//\", and with \":rw\" "
      "behind it where tasks may write";
  const std::string socket =
      " cannot be allowed: the container engine's socket is root on this host";
  CHECK(host_problems("policy:\n"
                      "  mounts:\n"
                      "    - srv\n"
                      "    - /srv/../etc\n"
                      "    - /srv/\n"
                      "    - \"/srv:rx\"\n"
                      "    - \"/srv:rw:ro\"\n"
                      "    - \":rw\"\n"
                      "    - /var/run/docker.sock\n"
                      "    - \"/run/user/1000/podman/podman.sock:rw\"\n"
                      "    - {source: /x}\n"
                      "  cap_add: [NET_ADMN, ALL, \"\", net_raw]\n") ==
        Lines{"3:7: \"srv\"" + plain, "4:7: \"/srv/../etc\"" + plain, "5:7: \"/srv/\"" + plain,
              "6:7: \"/srv:rx\"" + plain, "7:7: \"/srv:rw\"" + plain, "8:7: \"\"" + plain,
              "9:7: \"/var/run/docker.sock\"" + socket,
              "10:7: \"/run/user/1000/podman/podman.sock\"" + socket,
              "11:7: an item of 'mounts' must be text, not a mapping",
              "12:13: \"NET_ADMN\" is not a capability such as NET_ADMIN; did you mean "
              "'NET_ADMIN'?",
              "12:23: \"ALL\" is not a capability such as NET_ADMIN: all of them are given by "
              "'privileged' only",
              "12:28: an item of 'cap_add' must not be empty"});
  CHECK(host_problems("policy: {mounts: /srv, volumes: [/x]}\n") ==
        Lines{"1:18: 'mounts' must be a list, not \"/srv\"",
              "1:24: unknown key \"volumes\" in policy; use 'mounts'"});
  // A socket at an unusual place is known from engine.host.
  CHECK(host_problems("policy: {mounts: [/srv, /srv/in, \"/srv/e.sock\"]}\n"
                      "engine: {host: \"unix:///srv/e.sock\"}\n") ==
        Lines{"1:19: \"/srv\" cannot be allowed: the container engine's socket \"/srv/e.sock\" "
              "(engine.host) is there, and it is root on this host",
              "1:34: \"/srv/e.sock\" cannot be allowed: the container engine's socket "
              "\"/srv/e.sock\" (engine.host) is there, and it is root on this host"});
}

TEST_CASE("the engine") {
  CHECK(host_problems("engine: {host: unix://x}\n") ==
        Lines{"1:16: 'host' \"unix://x\" needs a socket's absolute path of at most 107 bytes"});
  CHECK(host_problems("engine: {host: \"unix:///a/../b\"}\n").size() == 1);
  CHECK(
      host_problems("engine: {host: /run/docker.sock}\n") ==
      Lines{"1:16: 'host' \"/run/docker.sock\" is no engine's address; write unix:// and the path "
            "of its socket, or tcp://engine.example.net:2376 and 'tls'"});
  CHECK(host_problems("engine: {host: \"tcp://x:2375\"}\n") ==
        Lines{"1:16: 'host' \"tcp://x:2375\" needs 'tls' with ca_file, cert_file and key_file, or "
              "whoever reaches it is root there"});
  for (std::string_view host : {"tcp://x", "tcp://:1", "tcp://x:0", "tcp://x:70000", "tcp://"}) {
    CAPTURE(host);
    CHECK(host_problems("engine: {host: \"" + std::string(host) + "\"}\n") ==
          Lines{"1:16: 'host' \"" + std::string(host) +
                "\" needs a host and a port, such as tcp://engine.example.net:2376"});
  }
  const std::string files = "{ca_file: /a, cert_file: /b, key_file: /c}";
  CHECK(host_problems("engine: {host: \"unix:///d.sock\", tls: " + files + "}\n") ==
        Lines{"1:34: 'tls' is for a host of tcp:// only"});
  CHECK(host_problems("engine: {tls: " + files + "}\n") ==
        Lines{"1:10: 'tls' is for a host of tcp:// only"});
  CHECK(
      host_problems("engine: {host: \"tcp://x:1\", tls: {ca_file: a, cert_file: /b/../c}}\n") ==
      Lines{"1:34: engine.tls needs 'key_file'",
            "1:44: 'ca_file' must be an absolute path, not \"a\"",
            "1:58: 'cert_file' must be a path without \".\", \"..\" and \"//\", not \"/b/../c\""});
  CHECK(host_problems("engine: {type: podman}\n") ==
        Lines{"1:16: Podman is 'type: docker' with Podman's socket as 'host', such as "
              "unix:///run/podman/podman.sock"});
  CHECK(host_problems("engine: {type: dokcer, sandbox: pod, caps: none, socket: /x}\n") ==
        Lines{"1:16: 'type' must be docker or process, not \"dokcer\"; did you mean 'docker'?",
              "1:33: 'sandbox' must be run or task, not \"pod\"",
              "1:44: 'caps' must be enforce or best_effort, not \"none\"",
              "1:50: unknown key \"socket\" in engine; use 'host'"});
  CHECK(host_problems("engine: {caps: best_effort}\n") ==
        Lines{"1:16: 'caps: best_effort' is for type: process only; the others enforce them"});
  CHECK(host_problems("engine: {credentials_file: c, image_directory: /a//b}\n") ==
        Lines{"1:28: 'credentials_file' must be an absolute path, not \"c\"",
              "1:48: 'image_directory' must be a path without \".\", \"..\" and \"//\", not "
              "\"/a//b\""});
  CHECK(config_of("state: {directory: /s}\n").engine.image_directory == "/s/images");
}

TEST_CASE("an engine of plain processes") {
  const HostConfig config = config_of("engine: {type: process, caps: best_effort}\n");
  CHECK(config.engine.type == "process");
  CHECK(config.engine.host.empty());
  CHECK(config.engine.image_directory.empty());
  CHECK(config.engine.best_effort_caps);
  CHECK_FALSE(config_of("engine: {type: process}\n").engine.best_effort_caps);
  const std::string why =
      "' is for type: docker; plain processes have no images, networks or daemon";
  CHECK(host_problems("engine:\n  type: process\n  host: unix:///d.sock\n  tls: {}\n"
                      "  credentials_file: /c\n  image_directory: /i\n  sandbox: run\n") ==
        Lines{"3:3: 'host" + why, "4:3: 'tls" + why, "5:3: 'credentials_file" + why,
              "6:3: 'image_directory" + why, "7:3: 'sandbox" + why});
}

TEST_CASE("the defaults of tasks are within the policy's caps, wherever the two stand") {
  CHECK(host_problems("defaults: {cpus: 2, memory: 1g, pids: 5, timeout: 2h, image: x}\n"
                      "policy: {max: {cpus: 1, memory: 512m, pids: 4, timeout: 1h}}\n") ==
        Lines{"1:18: 'cpus' is 2; this host allows at most 1 (policy.max.cpus)",
              "1:29: 'memory' is 1g; this host allows at most 512m (policy.max.memory)",
              "1:39: 'pids' is 5; this host allows at most 4 (policy.max.pids)",
              "1:51: 'timeout' is 2h; this host allows at most 1h (policy.max.timeout)",
              "1:55: unknown key \"image\" in defaults"});
}

TEST_CASE("what is kept of the history") {
  const HostConfig none = config_of("state: {keep: {age: 0, runs_per_pipeline: 0}}\n");
  CHECK(none.keep_age_ms == 0);
  CHECK(none.keep_runs_per_pipeline == 0);
  const HostConfig year = config_of("state: {keep: {age: 366d}}\n");
  CHECK(year.keep_age_ms == 366 * 86'400'000LL);
  CHECK(year.keep_runs_per_pipeline == 200);
  CHECK(host_problems("state: {keep: {age: 30 days, runs_per_pipeline: -1, runs: 5, aeg: 1d}}\n") ==
        Lines{"1:21: 'age' must be a duration such as 90s, 15m or 1h30m, not \"30 days\"",
              "1:49: 'runs_per_pipeline' must be from 0 to 4294967295, not -1",
              "1:53: unknown key \"runs\" in state.keep; use 'runs_per_pipeline'",
              "1:62: unknown key \"aeg\" in state.keep; did you mean 'age'?"});
  CHECK(host_problems("state: {keep: 30d}\n") ==
        Lines{"1:15: 'keep' must be a mapping (key: value), not \"30d\""});
}

TEST_CASE("listeners") {
  CHECK(host_problems("http: {listen: 7433}\nwebhooks: {listen: \"x:y\", max_body: 2m}\n") ==
        Lines{"1:16: \"7433\" is not host:port, such as 127.0.0.1:7433 or [::1]:7433",
              "2:20: \"x:y\" is not host:port, such as 127.0.0.1:7433 or [::1]:7433",
              "2:37: 'max_body' must be from 1k to 1m, not \"2m\""});
  CHECK(host_problems("http: {listen: \"0.0.0.0:7433\"}\n") ==
        Lines{"1:16: the page and the API have no users in this version of pawl, so they listen on "
              "127.0.0.1, [::1] or localhost only, not on \"0.0.0.0\""});
  CHECK(
      host_problems("webhooks: {listen: \"127.0.0.1:7433\"}\n") ==
      Lines{
          "1:11: http.listen and webhooks.listen are both \"127.0.0.1:7433\"; each needs a port of "
          "its own"});
  CHECK(host_problems("http: {listen: 127.0.0.1:0}\nwebhooks: {listen: 127.0.0.1:0}\n").empty());
}

TEST_CASE("sources") {
  CHECK(
      host_problems("sources:\n  - {}\n  - {name: A, url: /x}\n  - {name: b, url: /x}\n"
                    "  - {name: b, url: /y}\n") ==
      Lines{
          "2:5: a source needs 'name'", "2:5: a source needs 'url'",
          "3:12: \"A\" is not a valid name (a-z or 0-9 first, then up to 62 of a-z 0-9 . _ -); use "
          "'a'",
          "5:5: source \"b\" is given twice; the first is in line 4"});
  const std::string forms = "an absolute path, file:///path, http:// or https://";
  for (std::string_view url : {"ssh://git@x/y", "git@x:y.git", "git://x/y", "s3://x"}) {
    CAPTURE(url);
    CHECK(source_problems("url: \"" + std::string(url) + "\"") ==
          Lines{"2:20: \"" + std::string(url) +
                "\" is not supported by this version of pawl; write " + forms});
  }
  for (std::string_view url :
       {"fleet.git", "./x", "file://x/y", "file:/x", "https://", "http:/x"}) {
    CAPTURE(url);
    CHECK(source_problems("url: \"" + std::string(url) + "\"") ==
          Lines{"2:20: \"" + std::string(url) + "\" is not a source's url; write " + forms});
  }
  CHECK(source_problems("url: \"https://u:p@x/y\"") ==
        Lines{"2:20: 'url' must not have a user or password in it; write them to auth.username and "
              "auth.password_file"});
  CHECK(source_problems("url: \"https://x/y z\"").size() == 1);
  CHECK(source_problems("url: /x, path: ../y") ==
        Lines{"2:30: 'path' is a folder inside the repository: relative, without '..'"});
  CHECK(source_problems("url: /x, path: /y").size() == 1);
  CHECK(source_problems("url: /x, interval: 500ms") ==
        Lines{"2:34: 'interval' must be from 1s to 31d, not \"500ms\""});
  for (std::string_view ref :
       {"a b", "a..b", "/a", "a/", "a.lock", "-a", "a^", "a:b", "@", "a/.b", "a\\\\b"}) {
    CAPTURE(ref);
    CHECK(source_problems("url: /x, ref: \"" + std::string(ref) + "\"").size() == 1);
  }
  CHECK(source_problems("url: /x, auth: {username: u}") ==
        Lines{"2:24: 'auth' is for http:// and https:// urls only"});
  CHECK(source_problems("url: \"http://x/y\", auth: {ca_file: /c}") ==
        Lines{"2:41: 'ca_file' is for https:// urls only"});
  CHECK(source_problems("url: \"https://x/y\", auth: {password_file: token}") ==
        Lines{"2:57: 'password_file' must be an absolute path, not \"token\""});
  std::string many = "sources:\n";
  for (std::size_t i = 0; i <= limits::kSources; ++i) {
    many += "  - {name: s" + std::to_string(i) + ", url: /x}\n";
  }
  CHECK(host_problems(many) == Lines{"66:5: 'sources' has 65 items; at most 64 are allowed"});
}

TEST_CASE("files are read, and files that cannot be are problems of the whole file") {
  const HostConfigResult missing = load_host_config("/nonexistent/pawl.yaml", environment());
  REQUIRE(missing.problems.size() == 1);
  CHECK(missing.problems.front().line == 0);
  CHECK(missing.problems.front().file == "/nonexistent/pawl.yaml");

  char path[] = "/tmp/pawl-config-test-XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  close(fd);
  std::ofstream(path) << "workers: 7\n";
  const HostConfigResult read = load_host_config(path, environment());
  CHECK(lines(read.problems) == Lines{});
  CHECK(read.config.workers == 7);
  CHECK(read.config.file == path);
  unlink(path);
}
