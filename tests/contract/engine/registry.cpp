#include "contract/engine/registry.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "docker/engine_client.h"
#include "model/limits.h"
#include "support/docker_daemon.h"

namespace pawl {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "tests of registries cannot run: %s\n", why.c_str());
  std::abort();
}

// kRegistryPassword, by bcrypt.
constexpr const char* kLogins =
    "user:$2b$05$abcdefghijklmnopqrstuuykDbrHIkPBAe3TkMNzTPuBTmCT39jdG\n";

}  // namespace

Registry::Registry(const TempDirectory& directory, const Options& options) {
  const int port = free_port(options.address);
  name_ = options.address + ":" + std::to_string(port);
  const std::string base = directory / ("registry-" + std::to_string(port));
  {
    std::ofstream config(base + ".yml");
    config << "version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: "
           << directory / "data"
           << "}\nhttp:\n  addr: " << name_ << "\n";
    if (!options.certificate.empty()) {
      config << "  tls: {certificate: " << options.certificate << ", key: " << options.key << "}\n";
    }
    if (options.login) {
      std::ofstream(base + ".logins") << kLogins;
      config << "auth:\n  htpasswd: {realm: test, path: " << base << ".logins}\n";
    }
  }
  process_ = std::make_unique<Child>(
      std::vector<std::string>{"docker-registry", "serve", base + ".yml"}, base + ".log");
  if (!wait_for_listener(*process_, options.address, port)) {
    give_up("docker-registry does not start (Debian: apt-get install docker-registry)");
  }
}

std::string push_image(const std::string& source, const std::string& name) {
  EngineClient client(EngineAddress::unix_socket(DockerDaemon::instance().socket()));
  const auto colon = name.rfind(':');
  const std::string repository = name.substr(0, colon);
  const std::string tag = name.substr(colon + 1);
  HttpRequest request;
  request.method = "POST";
  request.target = "/images/" + percent_encode(source) + "/tag?repo=" + percent_encode(repository) +
                   "&tag=" + tag;
  request.total_ms = limits::kEngineCallMs;
  if (const auto tagged = client.call(request, {}); !tagged) give_up(tagged.error().message);
  request.target = "/images/" + repository + "/push?tag=" + tag;
  request.registry_auth = "e30=";  // {}
  request.total_ms = limits::kEngineStartMs;
  const auto pushed = client.call(request, {});
  if (!pushed) give_up("pushing " + name + ": " + pushed.error().message);
  DockerDaemon::instance().remove_image(name);
  const std::string sign = "\"Digest\":\"";
  const auto at = pushed->body.find(sign);
  if (at == std::string::npos) give_up("pushing " + name + ": " + pushed->body);
  const auto start = at + sign.size();
  return pushed->body.substr(start, pushed->body.find('"', start) - start);
}

LoopbackAddress::LoopbackAddress() {
  // Of the process's own, so that two may run at once.
  const unsigned id = static_cast<unsigned>(::getpid());
  address_ = "10.88." + std::to_string(id / 250 % 250) + "." + std::to_string(1 + id % 250);
  run_program({"ip", "addr", "replace", address_ + "/32", "dev", "lo"});
}

LoopbackAddress::~LoopbackAddress() {
  run_program({"ip", "addr", "del", address_ + "/32", "dev", "lo"});
}

}  // namespace pawl
