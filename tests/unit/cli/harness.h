// What the CLI's tests share: a directory of their own, a captured invocation, and an agent that answers
// what the test says.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "base/unique_fd.h"
#include "cli/context.h"

namespace pawl::cli {

// 2026-03-29T12:00:00Z: what the tests call now.
inline constexpr WallTime kTestNow{1'774'785'600'000};

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  // Makes the directories in between; returns the whole path.
  std::string write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

struct InvokeOptions {
  std::string server = {};  // --server; empty: not given
  std::string default_config = "/nonexistent/pawl.yaml";
  bool terminal = false;
  bool color = false;
};

// Runs the command line as run_cli() would, in the zone UTC.
[[nodiscard]] Outcome invoke(std::vector<std::string> arguments, const InvokeOptions& options = {});

struct CannedRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct CannedAnswer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
};

// An HTTP server on a unix socket with answers of the test's own: for what a real agent does only when
// it is broken. Serves one connection at a time, one request each.
class CannedAgent {
 public:
  using Handler = std::function<CannedAnswer(const CannedRequest&)>;
  CannedAgent(std::string socket_path, Handler handler);
  ~CannedAgent();
  CannedAgent(const CannedAgent&) = delete;
  CannedAgent& operator=(const CannedAgent&) = delete;
  [[nodiscard]] std::vector<CannedRequest> requests() const;

 private:
  void serve();
  void answer(int connection);
  std::string socket_path_;
  Handler handler_;
  UniqueFd listener_;
  mutable std::mutex mutex_;
  std::vector<CannedRequest> requests_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace pawl::cli
