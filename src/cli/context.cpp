#include "cli/context.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "cli/text.h"
#include "cli/yaml_text.h"
#include "config/host_config_loader.h"

namespace pawl::cli {
namespace {

std::string unix_address(const HostConfig& config) { return "unix://" + config.http_socket; }

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

CliEnvironment process_environment() {
  CliEnvironment environment;
  environment.out_is_terminal = ::isatty(environment.out_fd) == 1;
  environment.color =
      environment.out_is_terminal && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  const std::string server = variable("PAWL_SERVER");
  if (!server.empty()) environment.server = server;
  environment.now = [] {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return WallTime{std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
  };
  return environment;
}

Context::Context(GlobalArguments global, const CliEnvironment& environment)
    : global_(std::move(global)),
      environment_(environment),
      out_(environment.out_fd, environment.out_is_terminal, environment.color),
      err_(environment.err_fd, true, false) {}

void Context::note(std::string_view text) { complain(std::string("pawl: ").append(text)); }

void Context::complain(std::string_view text) {
  out_.flush();
  err_.write(printable(text) + "\n");
  err_.flush();
}

void Context::print(const Json& json, Format format) {
  out_.write(escape_json(format == Format::kYaml ? to_yaml(json) : json.dump(2) + "\n"));
}

std::string Context::config_path() const {
  return global_.config_path.value_or(environment_.default_config);
}

Result<const HostFile*> Context::host_file() {
  if (!host_file_) {
    HostFile file{config_path(), global_.config_path.has_value(), std::nullopt, {}};
    if (::access(file.path.c_str(), R_OK) != 0) {
      if (file.named && errno == ENOENT) {
        return Error{ErrorKind::kNotFound, "no such host config", file.path};
      }
      if (file.named) {
        return Error{ErrorKind::kDenied, "the host config cannot be read", file.path};
      }
    } else {
      HostConfigResult loaded = load_host_config(file.path, read_host_environment());
      file.problems = std::move(loaded.problems);
      if (file.problems.empty()) file.config = std::move(loaded.config);
    }
    host_file_ = std::move(file);
  }
  if (host_file_->named && !host_file_->problems.empty()) {
    return Error{ErrorKind::kInvalid, host_file_->problems.front().text(), ""};
  }
  return &*host_file_;
}

Result<ServerAddress> Context::server() {
  PAWL_TRY(const HostFile* file, host_file());
  const HostConfig config = file->config.value_or(HostConfig{});
  std::optional<std::string> asked = global_.server ? global_.server : environment_.server;
  if (!asked) {
    if (config.http_socket.empty()) return ServerAddress{"http://" + config.http_listen, true};
    return ServerAddress{unix_address(config), true};
  }
  const std::optional<std::string> address = normalize_address(*asked);
  if (!address) {
    return Error{ErrorKind::kInvalid,
                 "'" + *asked + "' is neither unix:///PATH nor http://HOST:PORT", "$PAWL_SERVER"};
  }
  const bool own = *address == unix_address(config) || *address == "http://" + config.http_listen;
  return ServerAddress{*address, own};
}

std::string Context::state_directory() {
  const Result<const HostFile*> file = host_file();
  if (file && file.value()->config) return file.value()->config->state_directory;
  return HostConfig{}.state_directory;
}

Result<std::string> Context::certain_state_directory() {
  PAWL_TRY(const HostFile* file, host_file());
  if (file->config) return file->config->state_directory;
  if (!file->problems.empty()) {
    return Error{ErrorKind::kInvalid, file->problems.front().text(), ""};
  }
  if (::access(file->path.c_str(), F_OK) == 0) {
    return Error{ErrorKind::kDenied, "the host config cannot be read", file->path};
  }
  return HostConfig{}.state_directory;
}

}  // namespace pawl::cli
