// The agent's side of a pull: a short-lived child process with a deadline and a memory limit.
//
// Costs nothing while no pull runs: no thread, no process, one descriptor.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "model/limits.h"
#include "ports/git_source.h"

namespace pawl {

class PullProcess : public GitSource {
 public:
  struct Options {
    std::string executable = "/proc/self/exe";  // run as `EXECUTABLE internal-pull`
    std::string
        cache_directory;  // bare clones of remote sources, one folder a source; made if missing
    std::int64_t deadline_ms = limits::kPullDeadlineMs;
  };
  explicit PullProcess(Options options);
  PullProcess(const PullProcess&) = delete;
  PullProcess& operator=(const PullProcess&) = delete;
  // No pull may be running: stop() and join the callers first.
  ~PullProcess() override;

  // Any thread, several at once; two of one source wait for each other.
  [[nodiscard]] Result<PullResult> pull(const SourceConfig& source,
                                        const std::string& known_revision) override;
  // Ends running pulls (kCancelled) and refuses new ones. Any thread.
  void stop();

 private:
  struct Attempt;
  [[nodiscard]] Result<PullResult> pull_with_retry(const SourceConfig& source,
                                                   const std::string& known_revision);
  [[nodiscard]] Attempt run_once(const SourceConfig& source, const std::string& known_revision,
                                 std::int64_t deadline_ms, bool discard_clone);
  [[nodiscard]] bool is_suspect(const std::string& source);
  void set_suspect(const std::string& source, bool suspect);
  void reap_stuck();

  Options options_;
  std::atomic<bool> stopping_{false};
  int wake_fd_ = -1;  // readable once stopping
  std::mutex mutex_;
  std::set<std::string> suspects_;  // sources whose clone made a child hang or die; not persisted
  std::vector<pid_t> stuck_;        // killed, but not yet gone
};

}  // namespace pawl
