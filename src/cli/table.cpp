// Widths are counted in terminal columns, not bytes, and colour is added after padding, so that the
// same rows align with and without it. Nothing is fitted to the terminal's width: a cut-off name
// cannot be copied, and a pipe has no width.
#include "cli/table.h"

#include <algorithm>

#include "base/result.h"
#include "cli/text.h"

namespace pawl::cli {
namespace {

constexpr std::string_view kGap = "  ";

std::string shown(const Cell& cell) { return cell.text.empty() ? "-" : printable(cell.text); }

struct Line {
  std::string text;
  std::size_t owed = 0;  // blanks not written yet, so that none ends a line

  void put(std::string_view content, std::size_t content_width, std::size_t width, Align align) {
    const std::size_t padding = width - content_width;
    if (align == Align::kRight) owed += padding;
    text.append(owed, ' ').append(content);
    owed = (align == Align::kLeft ? padding : 0) + kGap.size();
  }
};

}  // namespace

Tone status_tone(std::string_view status) {
  if (status == "success") return Tone::kGood;
  if (status == "failed") return Tone::kBad;
  if (status == "running") return Tone::kActive;
  return Tone::kFaint;
}

std::string paint(std::string_view text, Tone tone, bool color) {
  if (!color || tone == Tone::kPlain) return std::string(text);
  std::string_view code = "2";
  if (tone == Tone::kGood) code = "32";
  if (tone == Tone::kBad) code = "31";
  if (tone == Tone::kActive) code = "34";
  return std::string("\x1b[").append(code).append("m").append(text).append("\x1b[0m");
}

void Table::add(std::vector<Cell> row) {
  PAWL_ASSERT(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

std::string Table::render(bool color) const {
  std::vector<std::size_t> widths;
  widths.reserve(columns_.size());
  for (const Column& column : columns_) widths.push_back(display_width(column.header));
  for (const std::vector<Cell>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(shown(row[i])));
    }
  }
  std::string out;
  Line header;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string& text = columns_[i].header;
    header.put(text, display_width(text), widths[i], columns_[i].align);
  }
  out.append(header.text).append("\n");
  for (const std::vector<Cell>& row : rows_) {
    Line line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string text = shown(row[i]);
      const Tone tone = row[i].text.empty() ? Tone::kPlain : row[i].tone;
      line.put(paint(text, tone, color), display_width(text), widths[i], columns_[i].align);
    }
    out.append(line.text).append("\n");
  }
  return out;
}

void Facts::add(std::string name, Cell value) {
  if (!value.text.empty()) facts_.emplace_back(std::move(name), std::move(value));
}

std::string Facts::render(bool color) const {
  std::size_t width = 0;
  for (const auto& [name, value] : facts_) width = std::max(width, display_width(name));
  std::string out;
  for (const auto& [name, value] : facts_) {
    out.append(name).append(width - display_width(name), ' ').append(kGap);
    out.append(paint(printable(value.text), value.tone, color)).append("\n");
  }
  return out;
}

}  // namespace pawl::cli
