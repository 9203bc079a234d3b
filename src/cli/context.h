// What a command has at hand: the two outputs, the clock, the host's config and the agent's
// address. One per process; single-threaded; owns its outputs (not their descriptors).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "cli/arguments.h"
#include "cli/output.h"
#include "model/host_config.h"
#include "model/source.h"

namespace pawl::cli {

// What the process lends; tests bring their own.
struct CliEnvironment {
  int out_fd = 1;
  int err_fd = 2;
  bool out_is_terminal = false;
  bool color = false;                 // a terminal that wants it, without NO_COLOR
  std::optional<std::string> server;  // $PAWL_SERVER
  std::string default_config = "/etc/pawl/pawl.yaml";
  std::function<WallTime()> now;
};
// From the descriptors 1 and 2 and the process environment.
[[nodiscard]] CliEnvironment process_environment();

// The host's config, as far as this user may know it.
struct HostFile {
  std::string path;
  bool named = false;  // by --config
  std::optional<HostConfig> config;
  std::vector<Problem> problems;  // why there is no config, of a file that could be read
};

struct ServerAddress {
  std::string address;         // as HttpClient wants it
  bool is_host_config = true;  // that of the host config's agent: the state directory is its
};

class Context {
 public:
  Context(GlobalArguments global, const CliEnvironment& environment);

  [[nodiscard]] Output& out() { return out_; }
  [[nodiscard]] WallTime now() const { return environment_.now(); }
  [[nodiscard]] const CliEnvironment& environment() const { return environment_; }

  // A line on stderr: "pawl: TEXT". stdout is flushed first, so that the two stay in order.
  void note(std::string_view text);
  // A line on stderr as it is, but printable.
  void complain(std::string_view text);
  // The API's own object, in a format that is no table.
  void print(const Json& json, Format format);

  // Read once. Errors: kNotFound, kDenied, kInvalid (with the first problem), each only of a file
  // named by --config; without --config what cannot be read counts as not there.
  [[nodiscard]] Result<const HostFile*> host_file();
  // The config's path that `pawl agent` gets.
  [[nodiscard]] std::string config_path() const;
  // Errors: those of host_file(); kInvalid: $PAWL_SERVER is no address.
  [[nodiscard]] Result<ServerAddress> server();
  // The host config's state directory, or the default one.
  [[nodiscard]] std::string state_directory();
  // The same for who would write there, or judge what is there: never a guess. kInvalid, kDenied: there is a config
  // that cannot be read.
  [[nodiscard]] Result<std::string> certain_state_directory();

 private:
  GlobalArguments global_;
  CliEnvironment environment_;
  Output out_;
  Output err_;
  std::optional<HostFile> host_file_;
};

}  // namespace pawl::cli
