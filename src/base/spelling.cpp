// Plain edit distance over a few short words; anything cleverer would be for dictionaries.
#include "base/spelling.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace pawl {
namespace {

constexpr std::size_t kComparedBytes = 64;

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours; `most` + 1 for more than
// `most`. Both at most kComparedBytes long, and their lengths at most `most` apart. Only the cells that may come to
// `most` are worked out: thousands of wrong names in a file, each compared with hundreds, must not take seconds.
std::size_t typing_errors(std::string_view a, std::string_view b, std::size_t most) {
  using Row = std::array<std::size_t, kComparedBytes + 2>;
  const std::size_t far = most + 1;
  std::array<Row, 3> rows;
  for (Row& row : rows) row.fill(far);
  Row* before = &rows[0];
  Row* previous = &rows[1];
  Row* current = &rows[2];
  for (std::size_t j = 0; j <= std::min(b.size(), most); ++j) (*previous)[j] = j;
  std::size_t least_before = 0;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    const std::size_t first = i > most ? i - most : 1;
    const std::size_t last = std::min(b.size(), i + most);
    (*current)[first - 1] = first == 1 ? std::min(i, far) : far;
    (*current)[last + 1] = far;
    std::size_t least = (*current)[first - 1];
    for (std::size_t j = first; j <= last; ++j) {
      std::size_t errors = (*previous)[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      errors = std::min({errors, (*previous)[j] + 1, (*current)[j - 1] + 1, far});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        errors = std::min(errors, (*before)[j - 2] + 1);
      }
      (*current)[j] = errors;
      least = std::min(least, errors);
    }
    // A swap reaches back over one row.
    if (least > most && least_before > most) return far;
    least_before = least;
    Row* const oldest = before;
    before = previous;
    previous = current;
    current = oldest;
  }
  return (*previous)[b.size()];
}

std::size_t allowed_errors(std::size_t length) { return length <= 3 ? 1 : length <= 6 ? 2 : 3; }

}  // namespace

std::optional<std::string_view> closest(std::string_view text,
                                        std::span<const std::string_view> candidates) {
  if (text.empty() || text.size() > kComparedBytes) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_errors = allowed_errors(text.size()) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > kComparedBytes || candidate == text) continue;
    const std::size_t length_difference =
        std::max(candidate.size(), text.size()) - std::min(candidate.size(), text.size());
    if (length_difference >= best_errors) continue;
    const std::size_t errors = typing_errors(text, candidate, best_errors - 1);
    // As many errors as letters would be another word.
    if (errors < best_errors && errors < candidate.size() && errors < text.size()) {
      best = candidate;
      best_errors = errors;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates) {
  const auto candidate = closest(text, candidates);
  return candidate ? "; did you mean '" + std::string(*candidate) + "'?" : "";
}

}  // namespace pawl
