// What the contract tests of git/ share: a temporary directory, the git command line, servers.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "git/pull_process.h"

namespace pawl::test {

// Removed with all below at the end.
class TempDirectory {
 public:
  TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Runs a program of the host's and returns its stdout without the last newline; fails the test when it
// fails. `input` is its stdin.
std::string run(const std::vector<std::string>& command, const std::string& input = "",
                const std::string& directory = "/");

[[nodiscard]] std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& content);
[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);
[[nodiscard]] bool has(const std::string& text, const std::string& part);
[[nodiscard]] std::vector<std::string> paths_of(const PullResult& result);

// A work tree with a commit of `pipelines/build.yaml`, on branch main.
class WorkTree {
 public:
  explicit WorkTree(std::string path);
  // Each returns the new commit's id.
  std::string commit(const std::string& file, const std::string& content);
  std::string commit_all();
  std::string git(const std::vector<std::string>& arguments, const std::string& input = "") const;
  [[nodiscard]] std::string head() const { return git({"rev-parse", "HEAD"}); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  int commits_ = 0;
};

// git_server.py; ended at the end.
class GitServer {
 public:
  GitServer(const TempDirectory& directory, std::vector<std::string> arguments,
            const std::string& log_name = "requests.log");
  GitServer(const GitServer&) = delete;
  GitServer& operator=(const GitServer&) = delete;
  ~GitServer();
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path, const std::string& host = "127.0.0.1",
                                const std::string& scheme = "http") const;
  // The requests so far: "GET /path authorization".
  [[nodiscard]] std::vector<std::string> requests() const;
  // Of those, how many fetched objects.
  [[nodiscard]] int fetches() const;

 private:
  pid_t pid_ = 0;
  int port_ = 0;
  std::string log_;
};

// A self-signed CA, and a key and certificate signed by it for the subject alternative name `name`
// ("IP:127.0.0.1", "DNS:localhost").
struct TestCertificates {
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
};
[[nodiscard]] TestCertificates make_certificates(const TempDirectory& directory,
                                                 const std::string& prefix,
                                                 const std::string& name);

// The same, expired for years.
[[nodiscard]] TestCertificates make_expired_certificates(const TempDirectory& directory,
                                                         const std::string& prefix,
                                                         const std::string& name);

// Options with the tests' own child. The deadline is long: a busy machine is no failure.
[[nodiscard]] PullProcess::Options pull_options(const TempDirectory& directory,
                                                std::int64_t deadline_ms = 240'000);
[[nodiscard]] SourceConfig source_at(const std::string& url, const std::string& path = "pipelines");
// The one folder of the source below the cache directory.
[[nodiscard]] std::string clone_folder(const PullProcess::Options& options);
[[nodiscard]] std::string pull_child_path();

}  // namespace pawl::test
