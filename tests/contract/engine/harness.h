// The engines that the contract is held against: the fake one and the real dockerd, each with the same
// small programs to run.
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

class FakeHarness {
 public:
  FakeHarness();
  [[nodiscard]] ContainerEngine& engine() { return engine_; }
  // A container that runs the program, under a name of its own.
  [[nodiscard]] ContainerSpec spec(const TestProgram& program);
  // Breaks every connection to the engine.
  void cut() { engine_.break_streams(); }
  [[nodiscard]] std::string label() const { return "dev.pawl.test"; }
  [[nodiscard]] std::string label_value() const { return "fake"; }

 private:
  FakeEngine engine_;
  int next_ = 1;
};

class DockerHarness {
 public:
  DockerHarness();
  ~DockerHarness();
  [[nodiscard]] ContainerEngine& engine() { return *engine_; }
  [[nodiscard]] ContainerSpec spec(const TestProgram& program);
  void cut() { proxy_->cut(); }
  [[nodiscard]] std::string label() const { return "dev.pawl.test"; }
  [[nodiscard]] std::string label_value() const { return value_; }

 private:
  std::string value_;
  std::unique_ptr<SocketProxy> proxy_;
  std::unique_ptr<ContainerEngine> engine_;
  int next_ = 1;
};

}  // namespace pawl
