// Pipelines that ask for something that this host's policy does not give, or that pawl gives to no task: each as a user of
// Compose or `docker run` would write it, with the exact place and reason.
#include "config/host_keys.h"
#include "config/pipeline_keys.h"
#include "loading.h"
#include "support/forbidden_tasks.h"

using namespace pawl;
using Lines = std::vector<std::string>;

namespace {

struct Forbidden {
  std::string lines;       // of the task, from line 6 on
  std::string reason;      // "line:column: why"
  bool is_refused = true;  // else a mistake, wherever it is loaded
};

HostConfig strict_host() {
  HostConfig host;
  host.file = "/etc/pawl/pawl.yaml";
  host.host_name = "core-1";
  host.policy = test::forbidding_policy();
  return host;
}

constexpr std::string_view kIn = " in /etc/pawl/pawl.yaml";

// The one problem of each; and the pipeline is named as refused where nothing else is wrong.
void check_each(const std::vector<Forbidden>& table, const HostConfig& host = strict_host()) {
  for (const Forbidden& row : table) {
    CAPTURE(row.lines);
    const PipelineFileResult result = load(with_task_lines(row.lines), host);
    CHECK(lines(result.problems) == Lines{row.reason});
    CHECK(result.pipelines.empty());
    REQUIRE(result.elsewhere.size() == (row.is_refused ? 1 : 0));
    if (!row.is_refused) continue;
    CHECK(result.elsewhere[0].refused);
    const std::size_t message = row.reason.find(": ") + 2;
    CHECK(result.elsewhere[0].why.ends_with(row.reason.substr(message)));
  }
}

std::string in_host(std::string text) { return text.append(kIn); }

}  // namespace

TEST_CASE("what is written as Compose has it, and no task gets") {
  const auto never = [](const char* key, const char* value, const char* why) {
    return Forbidden{"    " + std::string(key) + ": " + value + "\n",
                     "6:5: '" + std::string(key) + "' is given to no task: " + why, false};
  };
  const char* devices = "no task has the host's devices";
  const char* namespaces = "every task has namespaces of its own";
  const char* ports =
      "nothing outside can connect to it; tasks of one run share files in /workspace";
  const char* names = "its names are looked up as its network has it";
  const char* caps = "cpus, memory and pids are its caps";
  const char* labels = "pawl names and labels its containers itself";
  check_each({
      never("devices", "[\"/dev/sda:/dev/sda\"]", devices),
      never("device_cgroup_rules", "[\"c 1:3 mr\"]", devices),
      never("gpus", "all", devices),
      never("pid", "host", namespaces),
      never("ipc", "host", namespaces),
      never("uts", "host", namespaces),
      never("userns", "host", namespaces),
      never("userns_mode", "host", namespaces),
      never("cgroup", "host", namespaces),
      never("cgroupns", "host", namespaces),
      never("cgroup_parent", "/system.slice", "its caps would be another's"),
      never("security_opt", "[\"seccomp=unconfined\"]",
            "every task has the engine's seccomp profile, and no new privileges"),
      never("cap_drop", "[ALL]",
            "every capability is dropped already; cap_add gives one back where the host allows it"),
      never("sysctls", "{net.ipv4.ip_forward: 1}", "no task changes the kernel's settings"),
      never("ulimits", "{nofile: 1000000}", caps),
      never("shm_size", "1g", caps),
      never("memswap_limit", "-1", "memory is its cap, swap included"),
      never("oom_kill_disable", "true", "what is over its memory is killed"),
      never("oom_score_adj", "-1000", "what is over its memory is killed"),
      never("runtime", "nvidia", "the engine's own is used"),
      never("isolation", "process", "the engine's own is used"),
      never("ports", "[\"80:80\"]", ports),
      never("expose", "[80]", ports),
      never("links", "[db]", names),
      never("extra_hosts", "[\"db:10.0.0.1\"]", names),
      never("dns", "8.8.8.8", names),
      never("hostname", "core-1", labels),
      never("container_name", "dockerd", labels),
      never("labels", "{dev.pawl.instance: x}", labels),
      never("group_add", "[docker]", "user: 'user:group' is what it runs as"),
      never("volumes_from", "[db]",
            "tasks of one run share files in /workspace, and 'mounts' has paths of the host"),
      never("tmpfs", "/run", "/tmp is one, and tasks of one run share files in /workspace"),
      never("tty", "true", "nobody sits before it"),
      never("build", ".", "images come from a registry or from the host's image directory"),
  });
  const auto other = [](const char* key, const char* value, const char* own) {
    return Forbidden{"    " + std::string(key) + ": " + value + "\n",
                     "6:5: unknown key \"" + std::string(key) + "\" in a task; use '" + own + "'",
                     false};
  };
  check_each({other("volumes", "[\"/:/host\"]", "mounts"), other("network_mode", "host", "network"),
              other("networks", "[host]", "network"), other("restart", "always", "retries"),
              other("entrypoint", "[/bin/sh]", "command"), other("mem_limit", "-1", "memory"),
              other("pids_limit", "-1", "pids"), other("capabilities", "[ALL]", "cap_add"),
              other("env_file", "/etc/shadow", "env"),
              other("environment", "{LD_PRELOAD: x}", "env")});
}

TEST_CASE("a hold on the host that its policy does not give") {
  const std::string socket =
      " is given to no task: the container engine's socket is there, which is root on this host";
  const std::string mounts = in_host(
      " is not allowed on this host (policy.mounts names /srv/in and /srv/out:rw); add it, "
      "or a folder above it, to policy.mounts");
  const std::string capabilities = in_host(
      " is not allowed on this host (policy.cap_add names NET_ADMIN); add it to "
      "policy.cap_add");
  const std::string no_path =
      " is not a path of the host: absolute, without \".\", \"..\" and \"//\"";
  const std::string no_mount =
      " is not a mount: write source:target, or source:target:rw to write to it, such as "
      "/srv/in:/data";
  const auto mount = [](const std::string& text, const std::string& reason, bool refused = true) {
    return Forbidden{"    mounts: [\"" + text + "\"]\n", "6:14: " + reason, refused};
  };
  check_each({
      {"    privileged: true\n",
       in_host("6:17: a privileged task is not allowed on this host (policy.privileged is false); "
               "change policy.privileged")},
      {"    privileged: \"true\"\n",
       "6:17: 'privileged' must be true or false without quotes, not \"true\"", false},
      {"    cap_add: [SYS_ADMIN]\n", "6:15: capability \"SYS_ADMIN\"" + capabilities},
      {"    cap_add: [NET_ADMIN, cap_sys_ptrace]\n",
       "6:26: capability \"SYS_PTRACE\"" + capabilities},
      {"    cap_add: [ALL]\n",
       "6:15: \"ALL\" is not a capability such as NET_ADMIN: all of them are given by 'privileged' "
       "only",
       false},
      {"    cap_add: [NET_ADMN]\n",
       "6:15: \"NET_ADMN\" is not a capability such as NET_ADMIN; did you mean 'NET_ADMIN'?",
       false},
      {"    cap_add: [NET_ADMIN, CAP_NET_ADMIN]\n", "6:26: 'cap_add' has \"NET_ADMIN\" twice",
       false},
      {"    cap_add: NET_ADMIN\n", "6:14: 'cap_add' must be a list, not \"NET_ADMIN\"", false},
      mount("/:/host", "mount of \"/\"" + socket),
      mount("/:/host:rw", "mount of \"/\"" + socket),
      mount("/run:/run2", "mount of \"/run\"" + socket),
      mount("/var/run/docker.sock:/d.sock", "mount of \"/var/run/docker.sock\"" + socket),
      mount("/run/podman/podman.sock:/d.sock:rw", "mount of \"/run/podman/podman.sock\"" + socket),
      mount("/run/containerd:/c", "mount of \"/run/containerd\"" + socket),
      mount(
          "/proc/1/root/etc:/e",
          "mount of \"/proc/1/root/etc\" is given to no task: it leads to everything on this host"),
      mount("/etc:/e", "mount of \"/etc\"" + mounts),
      mount("/srv:/s", "mount of \"/srv\"" + mounts),
      mount("/srv/input:/s", "mount of \"/srv/input\"" + mounts),
      mount("/srv/in:/s:rw",
            in_host("mount of \"/srv/in\" is allowed on this host, but only to be read "
                    "(policy.mounts names /srv/in and /srv/out:rw); leave out ':rw', or add "
                    "\"/srv/in:rw\" to policy.mounts")),
      mount("/srv/in/../../etc:/e", "\"/srv/in/../../etc\"" + no_path, false),
      mount("/srv/in/./x:/e", "\"/srv/in/./x\"" + no_path, false),
      mount("../etc:/e", "\"../etc\"" + no_path, false),
      mount("~/.ssh:/e", "\"~/.ssh\"" + no_path, false),
      mount("$HOME/.ssh:/e", "\"$HOME/.ssh\"" + no_path, false),
      mount("data:/e",
            "\"data\"" + no_path +
                "; there are no named volumes: what the tasks of a run share is in /workspace",
            false),
      mount("/srv/in", "\"/srv/in\"" + no_mount, false),
      mount("/srv/in:", "\"/srv/in:\"" + no_mount, false),
      mount("/srv/in:/e:exec", "\"/srv/in:/e:exec\"" + no_mount, false),
      mount("/srv/in:/e:rw,shared", "\"/srv/in:/e:rw,shared\"" + no_mount, false),
      mount("/srv/in:/e:ro:rw", "\"/srv/in:/e:ro:rw\"" + no_mount, false),
      mount("/srv/in:/workspace/x",
            "nothing can be mounted at \"/workspace/x\" in a container: /workspace is pawl's own",
            false),
      mount("/srv/in:/run",
            "nothing can be mounted at \"/run\" in a container: /run/pawl is pawl's own", false),
      mount("/srv/in:/proc/sys",
            "nothing can be mounted at \"/proc/sys\" in a container: /proc is the kernel's", false),
      mount("/srv/in:/",
            "\"/\" is no place in a container: an absolute path without \".\", \"..\" and \"//\"",
            false),
      mount("/srv/in:/e/../proc",
            "\"/e/../proc\" is no place in a container: an absolute path without \".\", \"..\" and "
            "\"//\"",
            false),
      {"    mounts: [\"/srv/in:/a\", \"/srv/out:/a\"]\n", "6:28: two mounts at \"/a\"", false},
      {"    mounts: \"/srv/in:/a\"\n", "6:13: 'mounts' must be a list, not \"/srv/in:/a\"", false},
      {"    mounts: [{type: bind, source: /srv/in, target: /a}]\n",
       "6:14: an item of 'mounts' must be text, not a mapping", false},
      {"    mounts: [\"/srv/${{ params.x }}:/a\"]\n",
       "6:20: an item of 'mounts' cannot have an expression: ${{ }} works in a task's 'when', in "
       "values of 'env', in items of a 'command' list, in a webhook's 'when' and 'params', and ${{ "
       "matrix.* }} in 'image'",
       false},
      {"    secrets: [{name: db, file: /data/db}]\n    mounts: [\"/srv/in:/data\"]\n",
       "5:5: nothing can be mounted at \"/data\": secret \"db\" is the file \"/data/db\"", false},
  });
}

TEST_CASE("networks, images and caps that this host does not give") {
  const std::string networks = in_host(
      " is not allowed on this host (policy.networks names none and bridge)"
      "; add it to policy.networks");
  const auto image = [](const std::string& name, const std::string& pattern) {
    return Forbidden{
        "    image: \"" + name + "\"\n",
        in_host("6:12: image \"" + name +
                "\" is not allowed on this host (policy.images names registry.local/* and "
                "alpine:*); add it, or a pattern such as \"" +
                pattern + "\", to policy.images")};
  };
  const auto over = [](const std::string& key, const std::string& asked, const std::string& place,
                       const std::string& most) {
    return Forbidden{"    " + key + ": " + asked + "\n", place + ": '" + key + "' is " + asked +
                                                             "; this host allows at most " + most +
                                                             " (policy.max." + key + ")"};
  };
  const auto wrong = [](const std::string& line, const std::string& reason) {
    return Forbidden{"    " + line + "\n", reason, false};
  };
  check_each({
      {"    network: host\n",
       "6:14: network \"host\" is given to no task: it would undo its isolation"},
      {"    network: \"container:db\"\n",
       "6:14: network \"container:db\" is given to no task: it is another container's or "
       "process's"},
      {"    network: \"ns:/proc/1/ns/net\"\n",
       "6:14: network \"ns:/proc/1/ns/net\" is given to no task: it is another container's or "
       "process's"},
      {"    network: backend\n", "6:14: network \"backend\"" + networks},
      {"    network: Bridge\n",
       in_host("6:14: network \"Bridge\" is not allowed on this host (policy.networks names none "
               "and bridge); did you mean 'bridge'? Else add it to policy.networks")},
      image("docker.io/evil/x:1", "docker.io/evil/x:*"),
      image("evil.example/alpine:3", "evil.example/alpine:*"),
      image("evil.example/registry.local/x:1", "evil.example/registry.local/x:*"),
      image("registry.local.evil.example/x:1", "registry.local.evil.example/x:*"),
      image("registry.local:5000/x:1", "registry.local:5000/x:*"),
      {"    image: \"postgres@sha256:" + std::string(64, '0') + "\"\n",
       in_host("6:12: image \"postgres@sha256:" + std::string(44, '0') +
               "…\" is not allowed on this host (policy.images names registry.local/* and "
               "alpine:*); add it, or a pattern such as \"postgres:*\", to policy.images")},
      {"    matrix: {os: [alpine, busybox]}\n    image: \"${{ matrix.os }}:3\"\n",
       in_host("7:12: image \"busybox:3\" is not allowed on this host (policy.images names "
               "registry.local/* and alpine:*); add it, or a pattern such as \"busybox:*\", to "
               "policy.images")},
      over("cpus", "2.001", "6:11", "2"),
      over("memory", "2g", "6:13", "1g"),
      over("pids", "513", "6:11", "512"),
      over("timeout", "7h", "6:14", "6h"),
      wrong("cpus: 0", "6:11: 'cpus' must be from 0.01 to 1000, not \"0\""),
      wrong("cpus: -1", "6:11: 'cpus' must be from 0.01 to 1000, not \"-1\""),
      wrong("cpus: .inf", "6:11: 'cpus' must be a number, not \".inf\""),
      wrong("cpus: 0.001", "6:11: 'cpus' must be from 0.01 to 1000, not \"0.001\""),
      wrong("memory: 0", "6:13: 'memory' must be from 6m to 1024t, not \"0\""),
      wrong("memory: 1m", "6:13: 'memory' must be from 6m to 1024t, not \"1m\""),
      wrong("memory: -1", "6:13: 'memory' must be a size such as 512m or 2g, not \"-1\""),
      wrong("pids: 0", "6:11: 'pids' must be from 1 to 4194304, not 0"),
      wrong("pids: -1", "6:11: 'pids' must be from 1 to 4194304, not -1"),
      wrong("timeout: 0", "6:14: 'timeout' must be from 1ms to 31d, not \"0\""),
      wrong("timeout: 32d", "6:14: 'timeout' must be from 1ms to 31d, not \"32d\""),
      wrong("user: \"0:0:0\"", "6:11: \"0:0:0\" is not a user: a name or number, or user:group"),
      wrong("user: \"-u root\"",
            "6:11: \"-u root\" is not a user: a name or number, or user:group"),
      wrong("read_only: no", "6:16: 'read_only' must be true or false, not \"no\""),
  });
}

TEST_CASE("by digest only") {
  HostConfig host = strict_host();
  host.policy.require_digest = true;
  const std::string remedy = in_host(
      " has no digest, and this host runs images by digest only; write it with its @sha256:..., or "
      "change policy.require_digest");
  const auto load_image = [&](const std::string& image) {
    return load("name: p\ntasks: [{id: a, image: \"" + image + "\"}]\n", host);
  };
  for (const std::string image : {"alpine:3.20", "alpine", "alpine:latest", "alpine@sha256:abc"}) {
    CAPTURE(image);
    const PipelineFileResult result = load_image(image);
    CHECK(lines(result.problems) == Lines{"2:24: image \"" + image + "\"" + remedy});
    REQUIRE(result.elsewhere.size() == 1);
    CHECK(result.elsewhere[0].refused);
  }
  const PipelineFileResult pinned = load_image("alpine:3.20@sha256:" + std::string(64, 'f'));
  CHECK(lines(pinned.problems) == Lines{});
  CHECK(pinned.warnings.empty());
}

TEST_CASE("the tasks of a pipeline, hooks included") {
  HostConfig host = strict_host();
  host.policy.max_tasks = 1;
  const PipelineFileResult result =
      load("name: p\ndefaults: {image: 'alpine:3'}\ntasks: [{id: a}]\non_exit: [{id: b}]\n", host);
  CHECK(lines(result.problems) == Lines{"3:1: the pipeline has 2 tasks, hooks included; this host "
                                        "allows at most 1 (policy.max.tasks)"});
  REQUIRE(result.elsewhere.size() == 1);
  CHECK(result.elsewhere[0].refused);
}

TEST_CASE("what the policy gives reaches the model") {
  const Pipeline pipeline = pipeline_of(
      "name: p\ndefaults: {image: 'alpine:3', mounts: ['/srv/in/today:/data'], cap_add: "
      "[net_admin]}\n"
      "tasks:\n"
      "  - {id: a}\n"
      "  - {id: b, mounts: ['/srv/out:/out:rw', '/srv/in:/in:ro'], cap_add: [], privileged: "
      "false}\n",
      strict_host());
  CHECK(pipeline.tasks[0].mounts == std::vector<HostMount>{{"/srv/in/today", "/data", true}});
  CHECK(pipeline.tasks[0].cap_add == Lines{"NET_ADMIN"});
  CHECK(pipeline.tasks[1].mounts ==
        std::vector<HostMount>{{"/srv/out", "/out", false}, {"/srv/in", "/in", true}});
  CHECK(pipeline.tasks[1].cap_add.empty());
  CHECK_FALSE(pipeline.tasks[1].privileged);
  HostConfig open = strict_host();
  open.policy.privileged = true;
  open.policy.cap_add = {"CHOWN", "NET_ADMIN", "SYS_TIME"};
  const Pipeline held = pipeline_of(
      with_task_lines("    privileged: true\n    cap_add: [SYS_TIME, CAP_CHOWN]\n"), open);
  CHECK(held.tasks[0].privileged);
  CHECK(held.tasks[0].cap_add == Lines{"CHOWN", "SYS_TIME"});
}

TEST_CASE("the registries' credentials are no secret of a task") {
  HostConfig host = strict_host();
  host.secrets_directory = "/run/credentials/pawl.service";
  host.engine.credentials_file = "/run/credentials/pawl.service/registries.json";
  CHECK(problems_of(with_task_lines("    secrets: [registries.json]\n"), host) ==
        Lines{"5:5: secret \"registries.json\" has the registries' credentials "
              "(engine.credentials_file), which are given to no task"});
}

TEST_CASE("a refused pipeline is named with why, and so are those of its file") {
  const std::string text =
      "name: good\ntasks: [{id: a, image: 'alpine:3'}]\n---\n"
      "name: edge\nhosts: {names: [edge-*]}\ntasks: [{id: a, image: 'cuda:1', privileged: true}]\n"
      "---\n"
      "name: bad\ntasks:\n  - {id: a, image: 'alpine:3', network: host}\n"
      "  - {id: b, image: 'alpine:3', pids: 513}\n";
  const PipelineFileResult result = load(text, strict_host());
  CHECK(result.pipelines.empty());
  CHECK(lines(result.problems) ==
        Lines{"10:41: network \"host\" is given to no task: it would undo its isolation",
              "11:38: 'pids' is 513; this host allows at most 512 (policy.max.pids)"});
  CHECK(
      result.elsewhere ==
      std::vector<Elsewhere>{
          {"edge", "pipelines/p.yaml", 4, "hosts.names is for edge-*; this host is core-1", false},
          {"good", "pipelines/p.yaml", 1, "its file has the pipeline \"bad\" too, which is refused",
           true},
          {"bad", "pipelines/p.yaml", 8,
           "line 10: network \"host\" is given to no task: it would undo its isolation (and 1 "
           "more)",
           true}});
  // With a mistake in it, the file is broken everywhere.
  CHECK(load(text + "    bad: 1\n", strict_host()).elsewhere.empty());
  CHECK(load(text + "---\nname: worse\n", strict_host()).elsewhere.empty());
}

TEST_CASE("what is filled in is judged as well") {
  HostConfig host = strict_host();
  host.policy.networks = {"bridge"};
  const PipelineFileResult result = load(with_task_lines(""), host);
  CHECK(lines(result.problems) ==
        Lines{"1:1: task \"a\": network \"none\" is not allowed on this host "
              "(policy.networks names bridge); add it to policy.networks in the host config"});
  REQUIRE(result.elsewhere.size() == 1);
  CHECK(result.elsewhere[0].refused);
}
