// The agent's side of a pull: a short-lived child process with a deadline and a memory limit.
#pragma once

#include <atomic>
#include <string>

#include "ports/git_source.h"

namespace pawl {

class PullProcess : public GitSource {
 public:
  struct Options {
    std::string executable = "/proc/self/exe";
    std::string cache_directory;  // bare repositories, one folder a source; made if missing
    std::int64_t deadline_ms = limits::kPullDeadlineMs;
  };
  explicit PullProcess(Options options);
  ~PullProcess() override;

  [[nodiscard]] Result<PullResult> pull(const SourceConfig& source,
                                        const std::string& known_revision) override;
  // Ends running pulls (kCancelled) and refuses new ones. Any thread.
  void stop();

 private:
  Options options_;
  std::atomic<bool> stopping_{false};
  int wake_fd_ = -1;  // readable once stopping
};

}  // namespace pawl
