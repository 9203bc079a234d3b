// How far a pull child has got. It tells the agent on stderr, one line a stage, so that a child that
// hangs or dies leaves word of what it was doing; and each stage arms a limit on CPU time without
// progress, since libgit2 spins for ever on a torn object (SIGPROF then ends the process).
//
// Child process only, one thread: the timer and stderr are the process's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pawl {

enum class Stage : char {
  kStart = 's',       // makes and removes directories
  kRemote = 'r',      // asks the remote for its refs
  kFetch = 'f',       // receives objects into the clone
  kClone = 'c',       // reads or writes the clone alone
  kRepository = 'l',  // reads a local source's own repository
  kCheck = 'v',       // vets one file
};

struct StageMark {
  Stage stage = Stage::kStart;
  std::string text;  // "reading the local clone", ...
};

void enter_stage(Stage stage, std::string_view text);
// Progress was made: the stage's limit starts again.
void note_progress();

// One line of stderr for the agent's debug log.
void write_note(std::string_view text);

// What a line on the child's stderr is; nothing when it is neither.
[[nodiscard]] std::optional<StageMark> parse_stage_line(std::string_view line);
[[nodiscard]] std::optional<std::string> parse_note_line(std::string_view line);

}  // namespace pawl
