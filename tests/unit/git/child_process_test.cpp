#include "git/child_process.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace pawl {
namespace {

using End = ChildOutcome::End;

ChildCommand shell(const std::string& script) {
  ChildCommand command;
  command.executable = "/bin/sh";
  command.arguments = {"sh", "-c", script};
  command.environment = {"PATH=/usr/bin:/bin", "WORD=given"};
  command.output_bytes_max = 1024 * 1024;
  command.deadline_ms = 60'000;
  return command;
}

TEST_CASE("input, output, errors, environment and exit code") {
  ChildCommand command = shell("cat; echo $WORD $#; echo one >&2; printf two >&2; exit 3");
  command.input = std::string(200'000, 'x');
  std::vector<std::string> lines;
  command.on_error_line = [&](std::string_view line) { lines.emplace_back(line); };
  const auto outcome = run_child(command);
  REQUIRE(outcome.ok());
  CHECK(outcome->end == End::kExited);
  CHECK(outcome->code == 3);
  CHECK(outcome->output == command.input + "given 0\n");
  CHECK(lines == std::vector<std::string>{"one", "two"});
  CHECK(outcome->unreaped == 0);
}

TEST_CASE("the child inherits no descriptor, no signal mask and is its own process group") {
  const UniqueFd leaky(::dup(STDERR_FILENO));  // without O_CLOEXEC
  const auto outcome = run_child(shell(
      "ls /proc/self/fd | wc -l; grep SigBlk /proc/self/status; cut -d' ' -f1,5 /proc/$$/stat"));
  REQUIRE(outcome.ok());
  CHECK(outcome->output.find("4\n") == 0);  // 0, 1, 2 and ls's own
  CHECK(outcome->output.find("SigBlk:\t0000000000000000") != std::string::npos);
  // "PID PGID", the last line.
  const std::string last =
      outcome->output.substr(outcome->output.rfind('\n', outcome->output.size() - 2) + 1);
  const std::size_t space = last.find(' ');
  CHECK(last.substr(0, space) + "\n" == last.substr(space + 1));
}

TEST_CASE("a signal, the deadline, wake_fd and too much output each end it and say so") {
  const auto killed = run_child(shell("kill -SEGV $$"));
  REQUIRE(killed.ok());
  CHECK(killed->end == End::kSignalled);
  CHECK(killed->code == SIGSEGV);

  ChildCommand slow = shell("sleep 1000 & sleep 1000");
  slow.deadline_ms = 200;
  const auto late = run_child(slow);
  REQUIRE(late.ok());
  CHECK(late->end == End::kDeadline);
  CHECK(late->unreaped == 0);

  const UniqueFd wake(::eventfd(1, EFD_CLOEXEC));
  ChildCommand woken = shell("sleep 1000");
  woken.wake_fd = wake.get();
  const auto stopped = run_child(woken);
  REQUIRE(stopped.ok());
  CHECK(stopped->end == End::kStopped);

  ChildCommand loud = shell("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
  loud.output_bytes_max = 10'000;
  const auto flood = run_child(loud);
  REQUIRE(flood.ok());
  CHECK(flood->end == End::kTooMuchOutput);
}

TEST_CASE("a child that closes its pipes is waited for, within the deadline") {
  const auto quiet = run_child(shell("exec >&- 2>&-; sleep 0.2; exit 5"));
  REQUIRE(quiet.ok());
  CHECK(quiet->end == End::kExited);
  CHECK(quiet->code == 5);
  ChildCommand stuck = shell("exec >&- 2>&-; sleep 1000");
  stuck.deadline_ms = 300;
  CHECK(run_child(stuck)->end == End::kDeadline);
}

TEST_CASE("lines of stderr are cut") {
  ChildCommand command = shell("head -c 100000 /dev/zero | tr '\\0' x >&2; echo >&2; echo end >&2");
  std::vector<std::string> lines;
  command.on_error_line = [&](std::string_view line) { lines.emplace_back(line); };
  REQUIRE(run_child(command).ok());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].size() == 1024);
  CHECK(lines[1] == "end");
}

TEST_CASE("an executable that cannot be run is an error") {
  ChildCommand command = shell("");
  command.executable = "/nonexistent/x";
  CHECK(run_child(command).error().kind == ErrorKind::kNotFound);
  command.executable = "/etc/passwd";
  CHECK(run_child(command).error().kind == ErrorKind::kDenied);
}

}  // namespace
}  // namespace pawl
