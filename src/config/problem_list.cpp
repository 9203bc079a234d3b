#include "config/problem_list.h"

#include <algorithm>
#include <tuple>

#include "model/limits.h"

namespace pawl::config {
namespace {

// Readers do not go through a file from top to bottom, so more are kept than are shown: the first
// ones of the file are those that help.
constexpr std::size_t kCollected = 10 * limits::kYamlProblems;
constexpr std::string_view kCut = "…";

}  // namespace

void ProblemList::add(Place place, std::string message) {
  if (is_full()) {
    ++uncollected_;
    return;
  }
  // What a message quotes comes from the file.
  if (message.size() > limits::kMessageBytes) {
    std::size_t length = limits::kMessageBytes - kCut.size();
    while (length > 0 && (static_cast<unsigned char>(message[length]) & 0xc0u) == 0x80u) --length;
    message.resize(length);
    message += kCut;
  }
  problems_.push_back({file_, place.line, place.column, std::move(message)});
}

bool ProblemList::is_full() const { return problems_.size() >= kCollected; }

std::vector<Problem> ProblemList::take() {
  std::vector<Problem> problems = std::move(problems_);
  problems_.clear();
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  // What stands behind an anchor is read once for each alias.
  auto last = problems.begin();
  for (auto problem = problems.begin(); problem != problems.end(); ++problem) {
    bool is_repeated = false;
    for (auto same_place = last; same_place != problems.begin() && !is_repeated;) {
      --same_place;
      if (same_place->line != problem->line || same_place->column != problem->column) break;
      is_repeated = same_place->message == problem->message;
    }
    if (is_repeated) continue;
    if (last != problem) *last = std::move(*problem);
    ++last;
  }
  problems.erase(last, problems.end());

  const std::size_t total = problems.size() + uncollected_;
  if (total > limits::kYamlProblems) {
    const std::size_t shown = std::min(problems.size(), limits::kYamlProblems - 1);
    Problem rest = problems.size() > shown ? problems[shown] : problems.back();
    rest.message = "and " + std::to_string(total - shown) + " more problems from here on";
    problems.resize(shown);
    problems.push_back(std::move(rest));
  }
  return problems;
}

}  // namespace pawl::config
