// What a host lets a task have: what its policy gives (host config, `policy`), and what pawl gives to no task whatever
// the policy says: the host's network or another container's, the engine's own socket, places in a container that are
// pawl's. The only judge: config/ asks it when a file is loaded and adds the place, exec/ before each start, http/ to
// explain. Paths are judged as they are written; exec/policy_check.h follows links. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl {

struct Refusal {
  std::string what;  // what is asked for, and what the host allows
  std::string
      remedy;  // what to do to `key`: "add it to"; empty: no policy gives it, or `what` says it all
  std::string key;  // of the host config: "policy.networks"

  // "what; remedy key in host_file". A hint ("; did you mean 'x'?") comes in between.
  [[nodiscard]] std::string text(std::string_view hint = {},
                                 std::string_view host_file = "the host config") const;
};

// Why the host refuses it; nothing when it does not.
[[nodiscard]] std::optional<Refusal> refuse_image(const HostPolicy& policy,
                                                  const std::string& image);
[[nodiscard]] std::optional<Refusal> refuse_network(const HostPolicy& policy,
                                                    const std::string& network);
[[nodiscard]] std::optional<Refusal> refuse_cpus(const HostPolicy& policy, std::int64_t milli);
[[nodiscard]] std::optional<Refusal> refuse_memory(const HostPolicy& policy, std::int64_t bytes);
[[nodiscard]] std::optional<Refusal> refuse_pids(const HostPolicy& policy, std::int64_t pids);
[[nodiscard]] std::optional<Refusal> refuse_timeout(const HostPolicy& policy, std::int64_t ms);
// Its source and whether it is writable; for its target, see why_no_target().
[[nodiscard]] std::optional<Refusal> refuse_mount(const HostPolicy& policy, const HostMount& mount);
[[nodiscard]] std::optional<Refusal> refuse_capability(const HostPolicy& policy,
                                                       const std::string& capability);
[[nodiscard]] std::optional<Refusal> refuse_privileged(const HostPolicy& policy);
// Of a whole pipeline, hooks included.
[[nodiscard]] std::optional<Refusal> refuse_tasks(const HostPolicy& policy, std::size_t tasks);

// Why nothing of the host can be mounted there in a container; empty: it can.
[[nodiscard]] std::string why_no_target(std::string_view target);
// Likewise because of a secret's file (SecretUse::file).
[[nodiscard]] std::string why_no_target(std::string_view target, const SecretUse& secret);

// The engine's sockets, or folders with one, by their usual names. A mount of one would be root on the host.
[[nodiscard]] bool holds_engine_socket(std::string_view path);

// All reasons why this host does not run the task; empty: it does.
[[nodiscard]] std::vector<std::string> policy_refusals(const HostPolicy& policy, const Task& task);

}  // namespace pawl
