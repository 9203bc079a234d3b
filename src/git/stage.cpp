// Lines on stderr and not shared memory or a second pipe: they are there anyway, the kernel keeps them
// when the process dies, and they can be read by eye. CPU time and not wall time for the limit: a slow
// disk or remote is the deadline's business and costs no CPU.
#include "git/stage.h"

#include <sys/time.h>
#include <unistd.h>

#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::string_view kStagePrefix = "stage ";
constexpr std::string_view kNotePrefix = "note ";

std::int64_t hang_limit_ms = 0;

void write_line(std::string_view prefix, std::string_view text) {
  std::string line(prefix);
  for (char c : text.substr(0, limits::kPullStderrLineBytes - 64)) {
    line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  line += '\n';
  // A parent that is gone needs no word; its end ends this process too.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void enter_stage(Stage stage, std::string_view text) {
  const std::string prefix = std::string(kStagePrefix) + static_cast<char>(stage) + ' ';
  write_line(prefix, text);
  const bool long_work =
      stage == Stage::kStart || stage == Stage::kRemote || stage == Stage::kFetch;
  hang_limit_ms = long_work ? limits::kPullFetchHangMs : limits::kPullHangMs;
  note_progress();
}

void note_progress() {
  itimerval timer{};
  timer.it_value.tv_sec = hang_limit_ms / 1000;
  timer.it_value.tv_usec = hang_limit_ms % 1000 * 1000;
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

void write_note(std::string_view text) { write_line(kNotePrefix, text); }

std::optional<StageMark> parse_stage_line(std::string_view line) {
  if (line.substr(0, kStagePrefix.size()) != kStagePrefix) return std::nullopt;
  line.remove_prefix(kStagePrefix.size());
  constexpr std::string_view kLetters = "srfclv";
  if (line.size() < 2 || line[1] != ' ' || kLetters.find(line[0]) == std::string_view::npos) {
    return std::nullopt;
  }
  return StageMark{static_cast<Stage>(line[0]), std::string(line.substr(2))};
}

std::optional<std::string> parse_note_line(std::string_view line) {
  if (line.substr(0, kNotePrefix.size()) != kNotePrefix) return std::nullopt;
  return std::string(line.substr(kNotePrefix.size()));
}

}  // namespace pawl
