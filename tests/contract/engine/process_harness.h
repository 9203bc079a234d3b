// The engine of plain processes, for the contract and for what is special about it: programs are shell scripts of this host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ports/container_engine.h"
#include "process/records.h"
#include "support/temp_directory.h"

namespace pawl {

class ProcessHarness {
 public:
  static constexpr bool kPrograms = true;
  static constexpr bool kExactLogTimes = true;
  static constexpr bool kEmptyVolumes = true;

  ProcessHarness();
  ~ProcessHarness();
  [[nodiscard]] ContainerEngine& engine() { return *engine_; }
  // A task that runs the script, under a name of its own.
  [[nodiscard]] ContainerSpec spec(const std::string& script);
  // One of the contract's programs (harness.h), as the other harnesses take them.
  template <typename Program>
  requires requires(const Program& program) { program.script.size(); }
  [[nodiscard]] ContainerSpec spec(const Program& program) { return spec(program.script); }
  // Runs it to its end. Returns its name.
  [[nodiscard]] std::string run(const ContainerSpec& spec);
  // All that it printed, both streams.
  [[nodiscard]] std::string output(const std::string& name);
  [[nodiscard]] std::string output_of(const ContainerSpec& spec) { return output(run(spec)); }
  // Starts it, and waits until it has printed so many lines. Returns what they say.
  [[nodiscard]] std::vector<std::string> start(const ContainerSpec& spec, std::size_t lines);

  // As after a restart of the agent.
  void make_engine_anew();
  [[nodiscard]] std::string directory() const { return temp_ / "processes"; }
  [[nodiscard]] std::string task_directory(const std::string& name) const {
    return directory() + "/tasks/" + name;
  }
  [[nodiscard]] RunRecord run_record(const std::string& name) const;
  [[nodiscard]] std::string label() const { return "dev.pawl.test"; }
  [[nodiscard]] std::string label_value() const { return value_; }

 private:
  const TempDirectory temp_;
  const std::string value_;
  std::unique_ptr<ContainerEngine> engine_;
  int next_ = 1;
};

// A volume that every task has as its workspace.
[[nodiscard]] Mount workspace_mount(const std::string& volume);
// Returns once there is no such process, or only its remains.
void await_process_end(pid_t pid);

}  // namespace pawl
