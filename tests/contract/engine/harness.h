// The engines that the contract is held against: the fake one and real ones, each with the same
// small programs to run. A further engine is one more class with the same members, and one more name in
// PAWL_CONTAINER_ENGINES or PAWL_ENGINES; what it cannot do is a constant that says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "docker/docker_engine.h"
#include "support/docker_daemon.h"
#include "support/fake_engine.h"
#include "support/unix_server.h"

namespace pawl {

inline constexpr std::int64_t kTestMemory = 16 << 20;
// Far more than what the sockets between hold.
inline constexpr int kManyLines = 40'000;

// A program in both languages: a shell script, and what the fake engine makes of it.
struct TestProgram {
  std::string script;
  FakeEngine::Program fake;
};

namespace programs {
[[nodiscard]] TestProgram hello();       // "out\n" on stdout, then "err\n" on stderr; exit code 3
[[nodiscard]] TestProgram waits();       // "ready\n", then it runs until it is killed
[[nodiscard]] TestProgram many_lines();  // "1\n" to kManyLines, on stdout
[[nodiscard]] TestProgram
odd_output();  // a zero byte, a line of 40,000 bytes, no newline at the end
[[nodiscard]] TestProgram eats_memory();  // more than kTestMemory
}  // namespace programs

// Those with images, networks and volumes.
#define PAWL_CONTAINER_ENGINES FakeHarness, DockerHarness, TlsDockerHarness, PodmanHarness
// All of them.
#define PAWL_ENGINES PAWL_CONTAINER_ENGINES
// Those whose programs really run, in containers.
#define PAWL_REAL_ENGINES DockerHarness, TlsDockerHarness, PodmanHarness

class FakeHarness {
 public:
  static constexpr bool kPrograms = false;  // scripts do not really run

  FakeHarness();
  [[nodiscard]] ContainerEngine& engine() { return engine_; }
  // A container that runs the program, under a name of its own.
  [[nodiscard]] ContainerSpec spec(const TestProgram& program);
  // Breaks every connection to the engine.
  void cut() { engine_.break_streams(); }
  [[nodiscard]] std::string label() const { return "dev.pawl.test"; }
  [[nodiscard]] std::string label_value() const { return "fake"; }
  // A name for an image that is removed with the harness.
  [[nodiscard]] std::string image_name();
  // Writes the image into a file, as `docker save` does.
  void save_image(const std::string& image, const std::string& file);
  // Mode and owner of what the volume holds at its top, "1777 0".
  [[nodiscard]] std::string mode_of(const std::string& volume);

 private:
  FakeEngine engine_;
  int next_ = 1;
};

// An engine that speaks Docker's API, over a connection that can be cut.
class RealHarness {
 public:
  static constexpr bool kPrograms = true;

  ~RealHarness();
  RealHarness(const RealHarness&) = delete;
  RealHarness& operator=(const RealHarness&) = delete;
  [[nodiscard]] ContainerEngine& engine() { return *engine_; }
  [[nodiscard]] ContainerSpec spec(const TestProgram& program);
  void cut() { proxy_.cut(); }
  [[nodiscard]] std::string label() const { return "dev.pawl.test"; }
  [[nodiscard]] std::string label_value() const { return value_; }
  [[nodiscard]] std::string image_name();
  void save_image(const std::string& image, const std::string& file) {
    daemon_.save_image(image, file);
  }
  [[nodiscard]] std::string mode_of(const std::string& volume);
  // The engine itself, past all that stands between.
  [[nodiscard]] DockerDaemon& daemon() { return daemon_; }

 protected:
  // `config` leads through `proxy` to the engine; both outlive this.
  RealHarness(DockerDaemon& daemon, SocketProxy& proxy, const EngineConfig& config);

 private:
  DockerDaemon& daemon_;
  SocketProxy& proxy_;
  std::string value_;
  std::unique_ptr<ContainerEngine> engine_;
  std::vector<std::string> images_;
  int next_ = 1;
};

class DockerHarness : public RealHarness {
 public:
  DockerHarness();
};

// The same dockerd behind mutual TLS.
class TlsDockerHarness : public RealHarness {
 public:
  TlsDockerHarness();
};

// Podman 4.3 as root, by its API that is Docker's.
class PodmanHarness : public RealHarness {
 public:
  PodmanHarness();
};

// Runs the container to its end, and returns all that it printed. Panics where that cannot be had.
[[nodiscard]] std::string output_of(ContainerEngine& engine, const ContainerSpec& spec);

}  // namespace pawl
