// SPEC §4's exit codes, from every answer and every failure that a command can meet.
#include "cli/exit_code.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "cli/dispatch.h"
#include "harness.h"

using namespace pawl;
using namespace pawl::cli;

namespace {

CannedAnswer problem(int status, const std::string& detail) {
  const Json body = Json::object()
                        .set("type", "about:blank")
                        .set("title", "A title")
                        .set("status", status)
                        .set("detail", detail);
  return {status, body.dump(), "application/problem+json"};
}

}  // namespace

TEST_CASE("Every error kind has its exit code") {
  CHECK(exit_code(ErrorKind::kInvalid) == ExitCode::kFailed);
  CHECK(exit_code(ErrorKind::kNotFound) == ExitCode::kNotFound);
  CHECK(exit_code(ErrorKind::kConflict) == ExitCode::kFailed);
  CHECK(exit_code(ErrorKind::kDenied) == ExitCode::kDenied);
  CHECK(exit_code(ErrorKind::kUnavailable) == ExitCode::kUnreachable);
  CHECK(exit_code(ErrorKind::kTimeout) == ExitCode::kUnreachable);
  CHECK(exit_code(ErrorKind::kExhausted) == ExitCode::kUnreachable);
  CHECK(exit_code(ErrorKind::kInternal) == ExitCode::kFailed);
}

TEST_CASE("Problem answers become a message and an exit code") {
  const TemporaryDirectory directory;
  const std::string socket = directory.path() + "/pawl.sock";
  int status = 0;
  const CannedAgent agent(socket, [&](const CannedRequest&) { return problem(status, "why\x1b"); });
  const std::vector<std::pair<int, int>> expected = {{400, 1}, {401, 5}, {403, 5}, {404, 3},
                                                     {409, 1}, {413, 1}, {415, 1}, {429, 4},
                                                     {500, 1}, {503, 4}, {504, 4}};
  for (const auto& [answered, code] : expected) {
    status = answered;
    const Outcome outcome = invoke({"cancel", "7"}, {.server = socket});
    INFO(answered);
    CHECK(outcome.exit_code == code);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find("why\\x1b\n") != std::string::npos);
  }
}

TEST_CASE("A problem without a detail shows its title or its status") {
  const TemporaryDirectory directory;
  const std::string socket = directory.path() + "/pawl.sock";
  std::string body = R"({"title":"Not Found"})";
  const CannedAgent agent(socket, [&](const CannedRequest&) { return CannedAnswer{404, body}; });
  CHECK(invoke({"status"}, {.server = socket}).err == "pawl: error: Not Found\n");
  body = "<html>";
  CHECK(invoke({"status"}, {.server = socket}).err ==
        "pawl: error: the agent answered with status 404\n");
}

TEST_CASE("What is no pawl agent is said to be none") {
  const TemporaryDirectory directory;
  const std::string socket = directory.path() + "/pawl.sock";
  const CannedAgent agent(socket, [&](const CannedRequest&) {
    return CannedAnswer{200, "<html>hi"};
  });
  const Outcome outcome = invoke({"status"}, {.server = socket});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err ==
        "pawl: error: unix://" + socket + ": what answers is no pawl agent: <html>hi\n");
}

TEST_CASE("Without an agent: exit code 4, and what to do") {
  const TemporaryDirectory directory;
  const std::string socket = directory.path() + "/pawl.sock";
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"status"},
                                                    {"pipelines"},
                                                    {"sources"},
                                                    {"next"},
                                                    {"run", "x"},
                                                    {"cancel", "1"},
                                                    {"sync"},
                                                    {"runs"},
                                                    {"show", "1"},
                                                    {"logs", "1"}}) {
    const Outcome outcome = invoke(arguments, {.server = socket});
    INFO(arguments.front());
    CHECK(outcome.exit_code == 4);
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "pawl: error: unix://" + socket +
                             ": no agent answers; start it (systemctl start pawl), or name "
                             "another with --server\n");
  }
}

TEST_CASE("A socket that this user may not open: exit code 5") {
  if (::geteuid() == 0) return;  // root may open every socket
  const TemporaryDirectory directory;
  const std::string socket = directory.path() + "/pawl.sock";
  const CannedAgent agent(socket, [](const CannedRequest&) { return CannedAnswer{200, "{}"}; });
  REQUIRE(::chmod(socket.c_str(), 0) == 0);
  CHECK(invoke({"status"}, {.server = socket}).exit_code == 5);
}

TEST_CASE("--config that is not there: exit code 3; with problems: 1; and not read for nothing") {
  const TemporaryDirectory directory;
  Outcome outcome = invoke({"status", "--config", directory.path() + "/none.yaml"});
  CHECK(outcome.exit_code == 3);
  CHECK(outcome.err == "pawl: error: " + directory.path() + "/none.yaml: no such host config\n");
  const std::string bad = directory.write("bad.yaml", "workers: many\n");
  outcome = invoke({"status", "--config", bad});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err.starts_with("pawl: error: " + bad + ":1:10: error: "));
  CHECK(invoke({"version", "--config", bad}).exit_code == 0);
}

TEST_CASE("agent is the hook's, with the config's path") {
  std::string path;
  const CliHooks hooks{[&](const std::string& config) {
    path = config;
    return 7;
  }};
  CHECK(dispatch({"agent", "--config", "/x.yaml"}, process_environment(), hooks) == 7);
  CHECK(path == "/x.yaml");
  CHECK(dispatch({"agent"}, process_environment(), hooks) == 7);
  CHECK(path == "/etc/pawl/pawl.yaml");
}

TEST_CASE("A reader that went away ends quietly with 141, a full disk with 1 and a reason") {
  ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd err(::memfd_create("err", MFD_CLOEXEC));
  ::close(ends[0]);
  CliEnvironment environment = process_environment();
  environment.out_fd = ends[1];
  environment.err_fd = err.get();
  CHECK(dispatch({"version"}, environment, {}) == 141);
  CHECK(dispatch({"--help"}, environment, {}) == 141);
  CHECK(::lseek(err.get(), 0, SEEK_CUR) == 0);
  ::close(ends[1]);

  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full.is_open());
  environment.out_fd = full.get();
  CHECK(dispatch({"version"}, environment, {}) == 1);
  char message[64] = {};
  REQUIRE(::pread(err.get(), message, sizeof(message) - 1, 0) > 0);
  CHECK(std::string(message) == "pawl: cannot write the output: No space left on device\n");
}
