// Aligned columns for people: two spaces between, nothing cut off, no trailing blanks. Values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pawl::cli {

// What a word means; a colour on a terminal, nothing elsewhere.
enum class Tone : unsigned char { kPlain, kGood, kBad, kActive, kFaint };

// The tone of a SPEC §3 status.
[[nodiscard]] Tone status_tone(std::string_view status);
// `text` in that tone when `color`; else as it is.
[[nodiscard]] std::string paint(std::string_view text, Tone tone, bool color);

struct Cell {
  Cell(std::string content) : text(std::move(content)) {}
  Cell(const char* content) : text(content) {}
  Cell(std::string content, Tone its_tone) : text(std::move(content)), tone(its_tone) {}
  std::string text;  // of any origin: made printable by the table; "" is shown as "-"
  Tone tone = Tone::kPlain;
};

enum class Align : unsigned char { kLeft, kRight };

struct Column {
  std::string header;
  Align align = Align::kLeft;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // As many cells as there are columns.
  void add(std::vector<Cell> row);
  // Header and rows, each with its newline.
  [[nodiscard]] std::string render(bool color) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// "name      value" lines with the values aligned. Empty values are left out.
class Facts {
 public:
  void add(std::string name, Cell value);
  [[nodiscard]] std::string render(bool color) const;

 private:
  std::vector<std::pair<std::string, Cell>> facts_;
};

}  // namespace pawl::cli
