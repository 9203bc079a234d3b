// Reads the host config (SPEC §2) into model/host_config.h.
//
// Pure but for reading the file, Zone::load, and a look at which of the usual files with registries' credentials is there.
// Any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/host_config.h"
#include "model/source.h"

namespace pawl {

// What systemd and Docker users expect to be honoured; empty = not set.
struct HostEnvironment {
  std::string host_name;              // gethostname()
  std::string state_directory;        // $STATE_DIRECTORY
  std::string runtime_directory;      // $RUNTIME_DIRECTORY
  std::string credentials_directory;  // $CREDENTIALS_DIRECTORY
  std::string docker_host;            // $DOCKER_HOST
  std::string docker_tls_verify{};    // $DOCKER_TLS_VERIFY
  std::string docker_cert_path{};     // $DOCKER_CERT_PATH
  std::string docker_config{};        // $DOCKER_CONFIG
  std::string home{};                 // $HOME
};

// Reads them from the process environment.
[[nodiscard]] HostEnvironment read_host_environment();

struct HostConfigResult {
  HostConfig config;              // usable only when there are no problems
  std::vector<Problem> problems;  // all of them
};

// `file` is for messages. Unknown and duplicate keys, wrong types and values out of bounds are
// problems.
[[nodiscard]] HostConfigResult parse_host_config(std::string_view text, const std::string& file,
                                                 const HostEnvironment& environment);
// kNotFound etc. from reading become a problem of line 0.
[[nodiscard]] HostConfigResult load_host_config(const std::string& path,
                                                const HostEnvironment& environment);

}  // namespace pawl
