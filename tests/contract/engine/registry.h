// Registries on loopback: Debian's docker-registry, and stand-ins that misbehave.
#pragma once

#include <memory>
#include <string>

#include "contract/engine/certificates.h"
#include "contract/engine/child.h"
#include "support/temp_directory.h"

namespace pawl {

class Registry {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    bool login = false;                // only for kRegistryUser with kRegistryPassword
    std::string certificate{}, key{};  // with them it speaks HTTPS
  };
  // On the content of the directory's "data", which several may share. Panics with what to do where docker-registry is
  // not installed.
  Registry(const TempDirectory& directory, const Options& options);

  // "127.0.0.1:40123"
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::unique_ptr<Child> process_;
};

inline constexpr const char* kRegistryUser = "user";
inline constexpr const char* kRegistryPassword = "pa55-w0rd";

// Makes the image NAME of `source` in the machine's engine, and pushes it. Returns its digest, "sha256:...". Panics
// where that fails.
[[nodiscard]] std::string push_image(const std::string& source, const std::string& name);

// An address of the loopback interface that the engine does not take for its own host's, for as long as this lives.
// Needs root.
class LoopbackAddress {
 public:
  LoopbackAddress();
  ~LoopbackAddress();
  LoopbackAddress(const LoopbackAddress&) = delete;
  LoopbackAddress& operator=(const LoopbackAddress&) = delete;
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  std::string address_;
};

}  // namespace pawl
