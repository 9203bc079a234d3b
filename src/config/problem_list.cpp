#include "config/problem_list.h"

#include <algorithm>
#include <tuple>

#include "model/limits.h"

namespace pawl::config {
namespace {

// Readers do not go through a file from top to bottom, so more are kept than are shown: the first
// ones of the file are those that help.
constexpr std::size_t kCollected = 2 * limits::kYamlProblems;
constexpr std::size_t kWithProposals = 30;
constexpr std::string_view kCut = "…";

}  // namespace

void ProblemList::add(Place place, std::string message) {
  has_mistakes_ = true;
  collect(errors_, place, std::move(message));
}

void ProblemList::refuse(Place place, std::string message) {
  collect(errors_, place, std::move(message));
}

void ProblemList::warn(Place place, std::string message) {
  collect(warnings_, place, std::move(message));
}

void ProblemList::collect(Collection& collection, Place place, std::string message) {
  if (collection.problems.size() >= kCollected) {
    ++collection.uncollected;
    return;
  }
  // What a message quotes comes from the file.
  if (message.size() > limits::kMessageBytes) {
    std::size_t length = limits::kMessageBytes - kCut.size();
    while (length > 0 && (static_cast<unsigned char>(message[length]) & 0xc0u) == 0x80u) --length;
    message.resize(length);
    message += kCut;
  }
  collection.problems.push_back({file_, place.line, place.column, std::move(message)});
}

bool ProblemList::wants_proposals() const { return errors_.problems.size() < kWithProposals; }

bool ProblemList::is_full() const { return errors_.problems.size() >= kCollected; }

std::vector<Problem> ProblemList::take() { return hand_out(errors_, "problems"); }

std::vector<Problem> ProblemList::take_warnings() { return hand_out(warnings_, "warnings"); }

std::vector<Problem> ProblemList::hand_out(Collection& collection, std::string_view noun) {
  std::vector<Problem> problems = std::move(collection.problems);
  collection.problems.clear();
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

  const std::size_t total = problems.size() + collection.uncollected;
  if (total > limits::kYamlProblems) {
    const std::size_t shown = std::min(problems.size(), limits::kYamlProblems - 1);
    Problem rest = problems.size() > shown ? problems[shown] : problems.back();
    rest.message =
        "and " + std::to_string(total - shown) + " more " + std::string(noun) + " from here on";
    problems.resize(shown);
    problems.push_back(std::move(rest));
  }
  return problems;
}

}  // namespace pawl::config
