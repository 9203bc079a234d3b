// A place is counted in characters, a terminal counts columns: wide characters have two, combining
// ones none, and what is escaped has more. So the line is cut into its characters first, each with
// what it looks like.
#include "cli/excerpt.h"

#include <algorithm>
#include <vector>

#include "cli/text.h"

namespace pawl::cli {
namespace {

constexpr std::size_t kWidth = 120;
constexpr std::size_t kBefore = 60;  // columns shown in front of the place in a line that is cut
constexpr std::size_t kTabStop = 8;
// Characters looked at on each side of the place: enough for the width, and the rest costs nothing.
constexpr std::size_t kReach = 400;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct Cell {
  std::string text;
  std::size_t width = 0;
};

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::string_view find_line(std::string_view text, std::uint32_t number) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (; number > 1 && !text.empty(); --number) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::size_t first_length(std::string_view line) {
  std::size_t length = 1;
  while (length < line.size() && is_continuation(line[length])) ++length;
  return length;
}

std::vector<Cell> cells_of(std::string_view line, std::size_t count) {
  std::vector<Cell> cells;
  std::size_t width = 0;
  while (!line.empty() && cells.size() < count) {
    const std::size_t length = first_length(line);
    Cell cell;
    if (line.front() == '\t') {
      cell.text.assign(kTabStop - width % kTabStop, ' ');
    } else {
      cell.text = printable(line.substr(0, length));
    }
    cell.width = display_width(cell.text);
    width += cell.width;
    cells.push_back(std::move(cell));
    line.remove_prefix(length);
  }
  return cells;
}

std::size_t width_of(const std::vector<Cell>& cells, std::size_t first, std::size_t last) {
  std::size_t width = 0;
  for (std::size_t i = first; i < last; ++i) width += cells[i].width;
  return width;
}

}  // namespace

std::optional<Excerpt> excerpt(std::string_view text, std::uint32_t line, std::uint32_t column) {
  if (line == 0 || column == 0) return std::nullopt;
  std::string_view found = find_line(text, line);
  if (found.find_first_not_of(" \t") == std::string_view::npos) return std::nullopt;
  std::size_t place = column - 1;
  bool is_cut = place > kReach;
  if (is_cut) {
    for (std::size_t skipped = place - kReach; skipped > 0 && !found.empty(); --skipped) {
      found.remove_prefix(first_length(found));
    }
    place = kReach;
  }
  const std::vector<Cell> cells = cells_of(found, 2 * kReach);
  place = std::min(place, cells.size());
  std::size_t first = 0;
  std::size_t last = cells.size();
  if (is_cut || width_of(cells, first, last) > kWidth) {
    first = place;
    std::size_t before = 0;
    while (first > 0 && before + cells[first - 1].width <= kBefore) before += cells[--first].width;
    last = first;
    std::size_t width = 0;
    while (last < cells.size() && width + cells[last].width <= kWidth) width += cells[last++].width;
    is_cut = is_cut || first > 0;
  }
  Excerpt result;
  if (is_cut) result.line = "…";
  result.mark.assign(display_width(result.line) + width_of(cells, first, place), ' ');
  result.mark += '^';
  for (std::size_t i = first; i < last; ++i) result.line += cells[i].text;
  if (last < cells.size()) result.line += "…";
  return result;
}

}  // namespace pawl::cli
