// Tasks that a host with forbidding_policy() must not run, each with the exact reason: of model/task_policy.h itself, and
// of whoever asks it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl::test {

inline HostPolicy forbidding_policy() {
  HostPolicy policy;
  policy.images = {"registry.local/*", "alpine:*"};
  policy.networks = {"none", "bridge"};
  policy.max_cpus_milli = 2000;
  policy.max_memory_bytes = 1LL << 30;
  policy.max_pids = 512;
  policy.max_timeout_ms = 6 * 3'600'000;
  policy.mounts = {{"/srv/in", false}, {"/srv/out", true}};
  policy.cap_add = {"NET_ADMIN"};
  return policy;
}

// All that this policy gives.
inline Task allowed_task() {
  Task task;
  task.id = "a";
  task.image = "alpine:3";
  task.command = {"sh", "-c", "echo"};
  task.network = "bridge";
  task.cpus_milli = 2000;
  task.memory_bytes = 1LL << 30;
  task.pids = 512;
  task.timeout_ms = 6 * 3'600'000;
  task.mounts = {{"/srv/in/today", "/data", true}, {"/srv/out", "/out", false}};
  task.cap_add = {"NET_ADMIN"};
  return task;
}

struct ForbiddenTask {
  std::string name;
  std::function<void(Task&, HostPolicy&)> change;
  std::string reason;
};

inline ForbiddenTask forbidden_mount(const std::string& source, const std::string& reason) {
  return {"mount of " + source,
          [source](Task& task, HostPolicy& policy) {
            policy.mounts = {{"/", true}};
            task.mounts = {{source, "/data", true}};
          },
          reason};
}

inline ForbiddenTask forbidden_target(const std::string& target, const std::string& reason) {
  return {"mount at " + target,
          [target](Task& task, HostPolicy&) { task.mounts[0].target = target; }, reason};
}

inline ForbiddenTask forbidden_network(const std::string& network, const std::string& reason) {
  return {"network " + network,
          [network](Task& task, HostPolicy& policy) {
            policy.networks.push_back(network);  // not even then
            task.network = network;
          },
          reason};
}

inline std::vector<ForbiddenTask> forbidden_images() {
  const auto image = [](const char* name, std::string reason) {
    return ForbiddenTask{name, [name](Task& task, HostPolicy&) { task.image = name; },
                         std::move(reason)};
  };
  const auto add = [](const std::string& pattern) {
    return " is not allowed on this host (policy.images names registry.local/* and alpine:*); add "
           "it, or a pattern such as \"" +
           pattern + "\", to policy.images in the host config";
  };
  const std::string digest(64, 'a');
  const std::string undigested =
      " has no digest, and this host runs images by digest only; write it with its @sha256:..., or "
      "change policy.require_digest in the host config";
  const auto by_digest = [&](std::string name, std::string shown) {
    return ForbiddenTask{"by digest: " + name,
                         [name](Task& task, HostPolicy& policy) {
                           policy.require_digest = true;
                           task.image = name;
                         },
                         "image \"" + shown + "\"" + undigested};
  };
  return {
      image("evil.example/x:1", "image \"evil.example/x:1\"" + add("evil.example/x:*")),
      image("alpinex:1", "image \"alpinex:1\"" + add("alpinex:*")),
      image("evil/alpine:3", "image \"evil/alpine:3\"" + add("evil/alpine:*")),
      image("alpine:5000/x:1", "image \"alpine:5000/x:1\"" + add("alpine:5000/x:*")),
      image("evil.example/registry.local/x:1",
            "image \"evil.example/registry.local/x:1\"" + add("evil.example/registry.local/x:*")),
      image("", "image \"\"" + add(":*")),
      {"no images", [](Task&, HostPolicy& policy) { policy.images.clear(); },
       "image \"alpine:3\" is not allowed on this host (policy.images names none); add it, or a "
       "pattern such as \"alpine:*\", to policy.images in the host config"},
      {"many patterns",
       [](Task&, HostPolicy& policy) { policy.images = {"a", "b", "c", "d", "e", "f", "g"}; },
       "image \"alpine:3\" is not allowed on this host (policy.images names a, b, c, d, e and 2 "
       "more); add it, or a pattern such as \"alpine:*\", to policy.images in the host config"},
      by_digest("alpine:3", "alpine:3"),
      by_digest("alpine@sha256:", "alpine@sha256:"),
      by_digest("alpine@sha256:" + digest.substr(4) + "xyzw",
                "alpine@sha256:" + digest.substr(0, 46) + "…"),
      by_digest("alpine@sha256:" + digest + "a", "alpine@sha256:" + digest.substr(0, 46) + "…"),
      by_digest("alpine:3@md5:" + digest.substr(0, 32), "alpine:3@md5:" + digest.substr(0, 32)),
  };
}

inline std::vector<ForbiddenTask> forbidden_caps() {
  const auto none = [](const std::string& key) {
    return "the task has no cap of '" + key + "', and every task has one";
  };
  const auto over = [](const std::string& key, const std::string& asked, const std::string& most) {
    return "'" + key + "' is " + asked + "; this host allows at most " + most + " (policy.max." +
           key + ")";
  };
  return {
      {"cpus", [](Task& t, HostPolicy&) { t.cpus_milli = 2001; }, over("cpus", "2.001", "2")},
      {"no cpus", [](Task& t, HostPolicy&) { t.cpus_milli = 0; }, none("cpus")},
      {"negative cpus", [](Task& t, HostPolicy&) { t.cpus_milli = -1; }, none("cpus")},
      {"no cpus, and no cap of the host's",
       [](Task& t, HostPolicy& p) { t.cpus_milli = p.max_cpus_milli = 0; }, none("cpus")},
      {"memory", [](Task& t, HostPolicy&) { t.memory_bytes = 2LL << 30; },
       over("memory", "2g", "1g")},
      {"one byte", [](Task& t, HostPolicy&) { t.memory_bytes += 1; },
       over("memory", "1073741825", "1g")},
      {"no memory", [](Task& t, HostPolicy&) { t.memory_bytes = 0; }, none("memory")},
      {"all memory", [](Task& t, HostPolicy&) { t.memory_bytes = -1; }, none("memory")},
      {"pids", [](Task& t, HostPolicy&) { t.pids = 513; }, over("pids", "513", "512")},
      {"no pids", [](Task& t, HostPolicy&) { t.pids = 0; }, none("pids")},
      {"all pids", [](Task& t, HostPolicy&) { t.pids = -1; }, none("pids")},
      {"timeout", [](Task& t, HostPolicy&) { t.timeout_ms += 1; }, over("timeout", "6h1ms", "6h")},
      {"no timeout", [](Task& t, HostPolicy&) { t.timeout_ms = 0; }, none("timeout")},
  };
}

inline std::vector<ForbiddenTask> forbidden_networks() {
  const std::string named =
      " is not allowed on this host (policy.networks names none and bridge); "
      "add it to policy.networks in the host config";
  const std::string others = " is given to no task: it is another container's or process's";
  return {
      {"unknown", [](Task& t, HostPolicy&) { t.network = "backend"; },
       "network \"backend\"" + named},
      {"no network", [](Task& t, HostPolicy&) { t.network.clear(); }, "network \"\"" + named},
      {"default", [](Task& t, HostPolicy&) { t.network = "default"; },
       "network \"default\"" + named},
      {"no networks", [](Task&, HostPolicy& p) { p.networks.clear(); },
       "network \"bridge\" is not allowed on this host (policy.networks names none); add it to "
       "policy.networks in the host config"},
      forbidden_network("host",
                        "network \"host\" is given to no task: it would undo its isolation"),
      forbidden_network("container:db", "network \"container:db\"" + others),
      forbidden_network("ns:/proc/1/ns/net", "network \"ns:/proc/1/ns/net\"" + others),
  };
}

inline std::vector<ForbiddenTask> forbidden_mounts() {
  const std::string socket =
      " is given to no task: the container engine's socket is there, which "
      "is root on this host";
  const std::string plain =
      " is refused: it is not an absolute path without \".\", \"..\" and "
      "\"//\"";
  const std::string named =
      " is not allowed on this host (policy.mounts names /srv/in and "
      "/srv/out:rw); add it, or a folder above it, to policy.mounts in the "
      "host config";
  const auto source = [](const char* path, std::string reason) {
    return ForbiddenTask{path, [path](Task& t, HostPolicy&) { t.mounts[0].source = path; },
                         std::move(reason)};
  };
  std::vector<ForbiddenTask> rows = {
      source("/etc", "mount of \"/etc\"" + named),
      source("/srv", "mount of \"/srv\"" + named),
      source("/srv/in2", "mount of \"/srv/in2\"" + named),
      source("/SRV/in", "mount of \"/SRV/in\"" + named),
      source("/srv/in/../../etc", "mount of \"/srv/in/../../etc\"" + plain),
      source("/srv/in/./x", "mount of \"/srv/in/./x\"" + plain),
      source("/srv//in", "mount of \"/srv//in\"" + plain),
      source("srv/in", "mount of \"srv/in\"" + plain),
      source("", "mount of \"\"" + plain),
      {"written to", [](Task& t, HostPolicy&) { t.mounts[0].read_only = false; },
       "mount of \"/srv/in/today\" is allowed on this host, but only to be read (policy.mounts "
       "names /srv/in and /srv/out:rw); leave out ':rw', or add \"/srv/in/today:rw\" to "
       "policy.mounts in the host config"},
      {"no mounts",
       [](Task& t, HostPolicy& p) {
         p.mounts.clear();
         t.mounts.pop_back();
       },
       "mount of \"/srv/in/today\" is not allowed on this host (policy.mounts names none); add it, "
       "or a folder above it, to policy.mounts in the host config"},
      forbidden_mount("/proc/1/root",
                      "mount of \"/proc/1/root\" is given to no task: it leads to "
                      "everything on this host"),
  };
  for (const char* path :
       {"/", "/run", "/var", "/var/run", "/run/docker.sock", "/var/run/docker.sock", "/run/podman",
        "/run/podman/podman.sock", "/var/run/podman/podman.sock", "/run/containerd",
        "/run/containerd/containerd.sock", "/run/docker/containerd/containerd.sock", "/run/user",
        "/run/user/1000", "/var/run/user/1000/podman", "/run/user/1000/docker.sock",
        "/srv/docker.sock"}) {
    rows.push_back(forbidden_mount(path, "mount of \"" + std::string(path) + "\"" + socket));
  }
  return rows;
}

inline std::vector<ForbiddenTask> forbidden_targets() {
  const auto taken = [](const std::string& target, const std::string& folder,
                        const std::string& owner) {
    return forbidden_target(target, "nothing can be mounted at \"" + target +
                                        "\" in a container: " + folder + " is " + owner);
  };
  return {
      taken("/workspace", "/workspace", "pawl's own"),
      taken("/workspace/in", "/workspace", "pawl's own"),
      taken("/tmp", "/tmp", "pawl's own"),
      taken("/run/pawl/output", "/run/pawl", "pawl's own"),
      taken("/run", "/run/pawl", "pawl's own"),
      taken("/proc", "/proc", "the kernel's"),
      taken("/sys/fs/cgroup", "/sys", "the kernel's"),
      taken("/dev/shm", "/dev", "the kernel's"),
      forbidden_target("/",
                       "\"/\" is no place in a container: an absolute path without \".\", "
                       "\"..\" and \"//\""),
      forbidden_target("data",
                       "\"data\" is no place in a container: an absolute path without "
                       "\".\", \"..\" and \"//\""),
      forbidden_target("/data/../proc",
                       "\"/data/../proc\" is no place in a container: an absolute path without "
                       "\".\", \"..\" and \"//\""),
      {"a secret's file",
       [](Task& t, HostPolicy&) {
         t.secrets = {{"db", "/run/secrets/db", ""}, {"token", "", "TOKEN"}};
         t.mounts[0].target = "/run/secrets";
       },
       "nothing can be mounted at \"/run/secrets\": secret \"db\" is the file "
       "\"/run/secrets/db\""},
  };
}

inline std::vector<ForbiddenTask> forbidden_tasks() {
  const auto capability = [](const char* name, std::string reason) {
    return ForbiddenTask{name, [name](Task& t, HostPolicy&) { t.cap_add = {name}; },
                         std::move(reason)};
  };
  const std::string named =
      " is not allowed on this host (policy.cap_add names NET_ADMIN); add it "
      "to policy.cap_add in the host config";
  std::vector<ForbiddenTask> rows = {
      capability("SYS_ADMIN", "capability \"SYS_ADMIN\"" + named),
      capability("ALL", "capability \"ALL\"" + named),
      capability("NET_ADMIN2", "capability \"NET_ADMIN2\"" + named),
      {"no capabilities", [](Task&, HostPolicy& p) { p.cap_add.clear(); },
       "capability \"NET_ADMIN\" is not allowed on this host (policy.cap_add names none); add it "
       "to "
       "policy.cap_add in the host config"},
      {"privileged", [](Task& t, HostPolicy&) { t.privileged = true; },
       "a privileged task is not allowed on this host (policy.privileged is false); change "
       "policy.privileged in the host config"},
  };
  for (const auto& more : {forbidden_images(), forbidden_caps(), forbidden_networks(),
                           forbidden_mounts(), forbidden_targets()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

}  // namespace pawl::test
