// The child as a process: what it may do, how it ends, and what is left of it.
#include <dirent.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "base/unique_fd.h"
#include "git_fixture.h"

namespace pawl {
namespace {

using test::GitServer;
using test::has;
using test::pull_child_path;
using test::pull_options;
using test::run;
using test::source_at;
using test::TempDirectory;
using test::WorkTree;
using test::write_text;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr std::int64_t kShortDeadlineMs = 2'000;

// Processes whose parent is `parent`, by /proc.
std::set<pid_t> children_of(pid_t parent) {
  std::set<pid_t> children;
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  DIR* directory = ::opendir(tasks.c_str());
  if (directory == nullptr) return children;
  while (const dirent* entry = ::readdir(directory)) {
    std::ifstream file(tasks + "/" + entry->d_name + "/children");
    for (pid_t pid = 0; file >> pid;) children.insert(pid);
  }
  ::closedir(directory);
  return children;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  REQUIRE(directory != nullptr);
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

struct Local {
  TempDirectory directory;
  WorkTree tree{directory / "fleet"};

  Error error_of(const std::string& content, std::int64_t deadline_ms = 240'000) {
    tree.commit("pipelines/evil.yaml", content);
    PullProcess process(pull_options(directory, deadline_ms));
    const auto pulled = process.pull(source_at(tree.path()), "");
    REQUIRE_FALSE(pulled.ok());
    CHECK_FALSE(has(pulled.error().text(), "\n"));
    return pulled.error();
  }
};

TEST_CASE("a file that breaks the parser is one failed pull, and is named") {
  Local local;
  struct Case {
    std::string content;
    ErrorKind kind;
    std::string part;
  };
  const std::vector<Case> cases = {
      {"ABORT", ErrorKind::kInternal, "SIGABRT"},
      {"STACK", ErrorKind::kInternal, kSanitized ? "evil.yaml" : "SIGSEGV"},
      {"EXIT", ErrorKind::kInternal, "exit code 7"},
      {"KILL", ErrorKind::kInternal, "SIGKILL"},
      {"SPIN", ErrorKind::kInternal, "no progress"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.content);
    const Error error = local.error_of(each.content);
    CHECK(error.kind == each.kind);
    CAPTURE(error.message);
    CHECK(has(error.message, each.part));
    CHECK(has(error.message, "checking the file 'evil.yaml'"));
    CHECK(error.context == local.tree.path());
  }
  CHECK(has(local.error_of("THROW").message, "thrown by the vet"));
  if (!kSanitized) CHECK(local.error_of("MEMORY").kind == ErrorKind::kTooLarge);
}

TEST_CASE("what a broken child writes is bounded and is no reply") {
  Local local;
  CHECK(local.error_of("FLOOD").kind == ErrorKind::kTooLarge);
}

TEST_CASE("the deadline ends a child that waits, also one that has closed its pipes") {
  Local local;
  for (const std::string content : {"PAUSE", "CLOSE"}) {
    CAPTURE(content);
    CHECK(local.error_of(content, kShortDeadlineMs).kind == ErrorKind::kTimeout);
  }
}

TEST_CASE("no child, zombie or descriptor is left") {
  Local local;
  local.error_of("THROW");
  const std::size_t before = open_descriptors();
  for (const std::string content : {"ABORT", "PAUSE", "FLOOD", "CLOSE", "name: fine"}) {
    local.tree.commit("pipelines/evil.yaml", content);
    PullProcess process(pull_options(local.directory, 1'000));
    (void)process.pull(source_at(local.tree.path()), "").ok();
    (void)process.pull(source_at("http://127.0.0.1:1/x"), "").ok();
  }
  CHECK(open_descriptors() == before);
  CHECK(children_of(::getpid()).empty());
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("stop ends a running pull, and refuses the next") {
  TempDirectory directory;
  const GitServer server(directory, {"--behave", "silent"});
  PullProcess process(pull_options(directory, 60'000));
  Result<PullResult> result = Error{};
  std::thread puller([&] { result = process.pull(source_at(server.url("/x")), ""); });
  // The child is there once it has connected; stop() must also work before that, so no more is awaited.
  process.stop();
  puller.join();
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::kCancelled);
  CHECK(process.pull(source_at(server.url("/x")), "").error().kind == ErrorKind::kCancelled);
}

TEST_CASE("stop ends a pull whose child is at work") {
  TempDirectory directory;
  const GitServer server(directory, {"--behave", "drip"});
  PullProcess process(pull_options(directory, 60'000));
  Result<PullResult> result = Error{};
  std::thread puller([&] { result = process.pull(source_at(server.url("/x")), ""); });
  // The request in the server's log is the child's.
  while (server.requests().empty()) std::this_thread::yield();
  process.stop();
  puller.join();
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::kCancelled);
}

TEST_CASE("several pulls at once, of several sources and of one") {
  TempDirectory directory;
  WorkTree tree(directory / "served/fleet");
  const GitServer server(directory, {"--root", directory / "served"});
  PullProcess process(pull_options(directory));
  constexpr std::size_t kPullers = 6;
  std::array<Result<PullResult>, kPullers> results = {Error{}, Error{}, Error{},
                                                      Error{}, Error{}, Error{}};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kPullers; ++i) {
    threads.emplace_back([&, i] {
      SourceConfig source = source_at(server.url("/fleet/.git"));
      source.name = i % 2 == 0 ? "fleet" : "other";
      results.at(i) = process.pull(source, "");
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) {
    REQUIRE(result.ok());
    CHECK(result->revision == tree.head());
    CHECK(result->files.size() == 1);
  }
}

TEST_CASE("killing the agent kills the child") {
  TempDirectory directory;
  const GitServer server(directory, {"--behave", "drip"});
  const std::string path = pull_child_path();
  const std::string cache = directory / "cache";
  const std::string url = server.url("/x");
  std::vector<std::string> words = {path, "pull", cache, url};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t agent = 0;
  REQUIRE(::posix_spawn(&agent, path.c_str(), nullptr, nullptr, arguments.data(), environ) == 0);
  while (server.requests().empty()) std::this_thread::yield();
  const std::set<pid_t> children = children_of(agent);
  REQUIRE(children.size() == 1);
  const UniqueFd child(static_cast<int>(::syscall(SYS_pidfd_open, *children.begin(), 0)));
  REQUIRE(child.is_open());
  ::kill(agent, SIGKILL);
  ::waitpid(agent, nullptr, 0);
  pollfd gone{child.get(), POLLIN, 0};
  CHECK(::poll(&gone, 1, 240'000) == 1);
}

TEST_CASE("an executable that is missing or is no pull child") {
  Local local;
  PullProcess::Options options = pull_options(local.directory);
  options.executable = local.directory / "absent";
  CHECK(PullProcess(options).pull(source_at(local.tree.path()), "").error().kind ==
        ErrorKind::kNotFound);
  options.executable = "/bin/true";
  CHECK(PullProcess(options).pull(source_at(local.tree.path()), "").error().kind ==
        ErrorKind::kCorrupt);
  options.executable = "/bin/false";
  CHECK(PullProcess(options).pull(source_at(local.tree.path()), "").error().kind ==
        ErrorKind::kInternal);
}

TEST_CASE("a cache directory that cannot be made or is full of other things") {
  Local local;
  const GitServer server(local.directory, {"--root", local.directory.path()});
  PullProcess::Options options = pull_options(local.directory);
  options.cache_directory = "/proc/nowhere";
  CHECK_FALSE(PullProcess(options).pull(source_at(server.url("/fleet/.git")), "").ok());
  write_text(local.directory / "file", "x");
  options.cache_directory = local.directory / "file";
  CHECK_FALSE(PullProcess(options).pull(source_at(server.url("/fleet/.git")), "").ok());
}

// The probe's numbers: 0 where the call worked, else errno; limits as they are.
std::vector<std::pair<std::string, long>> numbers_of(const std::string& message) {
  std::vector<std::pair<std::string, long>> numbers;
  std::stringstream words(message);
  for (std::string word; words >> word;) {
    if (const std::size_t equals = word.find('='); equals != std::string::npos) {
      numbers.emplace_back(word.substr(0, equals), std::stol(word.substr(equals + 1)));
    }
  }
  return numbers;
}

long number_of(const std::string& message, const std::string& name) {
  for (const auto& [key, value] : numbers_of(message)) {
    if (key == name) return value;
  }
  FAIL(name << " is not in: " << message);
  return -1;
}

bool has_landlock() { return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) >= 1; }

TEST_CASE("the sandbox: no other files, programs, processes or sockets; bounded") {
  Local local;
  write_text(local.directory / "secret", "the agent's own");
  const std::string message =
      local.error_of("PROBE " + (local.directory / "secret") + "\n").message;
  if (has_landlock()) {
    CHECK(number_of(message, "read") == EACCES);
    CHECK(number_of(message, "write") == EACCES);
  }
  CHECK(number_of(message, "exec") == EPERM);
  CHECK(number_of(message, "fork") == EPERM);
  CHECK(number_of(message, "unix") == EAFNOSUPPORT);
  CHECK(number_of(message, "inet") == EAFNOSUPPORT);
  CHECK(number_of(message, "trace") == EPERM);
  CHECK(number_of(message, "kill") == EPERM);
  CHECK(number_of(message, "core") == 0);
  CHECK(number_of(message, "files") == static_cast<long>(limits::kPullOpenFiles));
  if (!kSanitized) {
    CHECK(number_of(message, "memory") == static_cast<long>(limits::kPullMemoryBytes));
  }
}

TEST_CASE("the sandbox of a remote source: IP, its own folder, nothing else") {
  TempDirectory directory;
  WorkTree tree(directory / "served/fleet");
  write_text(directory / "secret", "the agent's own");
  tree.commit("pipelines/evil.yaml", "PROBE " + (directory / "secret") + "\n");
  const GitServer server(directory, {"--root", directory / "served"});
  PullProcess process(pull_options(directory));
  const auto pulled = process.pull(source_at(server.url("/fleet/.git")), "");
  REQUIRE_FALSE(pulled.ok());
  const std::string message = pulled.error().message;
  if (has_landlock()) {
    CHECK(number_of(message, "read") == EACCES);
    CHECK(number_of(message, "write") == EACCES);
  }
  CHECK(number_of(message, "inet") == 0);
  CHECK(number_of(message, "unix") == EAFNOSUPPORT);
  CHECK(number_of(message, "exec") == EPERM);
}

}  // namespace
}  // namespace pawl
