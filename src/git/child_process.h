// Runs one short-lived child process: input from memory, output and errors through pipes, a deadline.
//
// Blocks the calling thread, starts no other, needs no signal handler, and leaves no descriptor, zombie
// or process group behind. Any thread; the caller must stay alive as long as the child may (a child
// that asks for PR_SET_PDEATHSIG is tied to the calling *thread*).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl {

struct ChildCommand {
  std::string executable;
  std::vector<std::string> arguments;    // argv, with argv[0]
  std::vector<std::string> environment;  // NAME=value, all of it
  std::string input;                     // its stdin
  std::size_t output_bytes_max = 0;
  std::int64_t deadline_ms = 0;  // from now
  int wake_fd = -1;              // readable: end the child at once
  // Each line of its stderr without the newline, cut at limits::kPullStderrLineBytes.
  std::function<void(std::string_view)> on_error_line;
};

struct ChildOutcome {
  enum class End : std::uint8_t {
    kExited,         // code: its exit code
    kSignalled,      // code: the signal
    kDeadline,       // it was killed: the deadline passed
    kStopped,        // it was killed: wake_fd
    kTooMuchOutput,  // it was killed: over output_bytes_max
  };
  End end = End::kExited;
  int code = 0;
  std::string output;
  // Not 0: killed, but still not gone after limits::kPullReapMs (stuck in the kernel). The caller is to
  // waitpid() for it later.
  pid_t unreaped = 0;
};

// Errors: kUnavailable (no process or descriptor to be had), kNotFound, kDenied (executable).
[[nodiscard]] Result<ChildOutcome> run_child(const ChildCommand& command);

}  // namespace pawl
