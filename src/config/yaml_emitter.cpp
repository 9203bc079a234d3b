// Problem: a file that people wrote is to come out in other words, and still be theirs.
//
// Approach: print the tree line by line; each printed line knows the line of the file that it comes
// from, and takes along the notes placed there (note_placing.h). Each note is printed once, also
// where an alias is written out several times.
//
// Rejected: editing the text in place (keys move between levels, so most edits would have to indent
// anew what they did not understand); yaml-cpp's emitter (no comments in place, its own quotes).
#include "config/yaml_emitter.h"

#include <algorithm>

#include "config/note_placing.h"
#include "config/yaml_scalar_text.h"

namespace pawl::config {
namespace {

using Kind = YamlNode::Kind;

constexpr std::size_t kIndent = 2;

bool is_null_word(std::string_view text) {
  return text == "null" || text == "Null" || text == "NULL" || text == "~";
}

std::string key_text(const std::string& key) {
  const bool is_plain = is_plain_scalar(key) && key != "<<" && !is_null_word(key);
  return is_plain ? key : quoted_scalar(key);
}

class Emitter {
 public:
  Emitter(const SourceLines& lines, PlacedNotes notes) : lines_(lines), notes_(std::move(notes)) {}

  std::string emit(const YamlNode& document) {
    if (is_one_line_flow(document)) {
      print_above(document.place.line, 0);
      out_ += flow_text(document);
      end_line(document.place.line, 0);
    } else {
      print_entries(document, 0);
    }
    for (const std::string& note : notes_.at_end) print_note(note, 0);
    return std::move(out_);
  }

 private:
  void print_entries(const YamlNode& mapping, std::size_t indent) {
    bool is_first = true;
    for (const YamlNode::Entry& entry : mapping.entries) {
      // The first one of a list item stands behind the '-'.
      if (!is_first || out_.empty() || out_.back() == '\n') {
        print_above(entry.key_place.line, indent);
        out_.append(indent, ' ');
      }
      is_first = false;
      out_ += key_text(entry.key) + ":";
      print_value(*entry.value, entry.key_place.line, indent);
    }
  }

  void print_items(const YamlNode& sequence, std::size_t indent) {
    bool is_first = true;
    for (const YamlNode* item : sequence.items) {
      if (!is_first || out_.back() == '\n') {
        print_above_item(*item, indent);
        out_.append(indent, ' ');
      }
      is_first = false;
      out_ += "-";
      if (!is_in_block(*item)) {
        print_value(*item, item->place.line, indent);
        continue;
      }
      out_ += " ";
      print_block(*item, indent + kIndent);
    }
  }

  void print_block(const YamlNode& collection, std::size_t indent) {
    if (collection.kind == Kind::kMapping) {
      print_entries(collection, indent);
    } else {
      print_items(collection, indent);
    }
  }

  // Behind "key:" or "-", with the end of the line. `line`: of the file, where that stands.
  void print_value(const YamlNode& value, std::uint32_t line, std::size_t indent) {
    if (is_in_block(value)) {
      // A note beside both belongs to what comes last on the line.
      if (first_line(value) == line) {
        out_ += "\n";
      } else {
        end_line(line, indent + kIndent);
      }
      return print_block(value, indent + kIndent);
    }
    if (value.kind == Kind::kScalar && !is_on_one_line(value)) {
      return print_block_scalar(value, line, indent);
    }
    const bool is_item = out_.back() == '-';
    if (value.kind != Kind::kNull || is_item) out_ += " " + flow_text(value);
    end_line(line, indent);
  }

  void print_block_scalar(const YamlNode& scalar, std::uint32_t line, std::size_t indent) {
    out_.append(" ").append(*block_scalar_head(scalar.text));
    print_beside(line);
    for (std::string_view rest = scalar.text; !rest.empty();) {
      const std::string_view text = rest.substr(0, rest.find('\n'));
      if (!text.empty()) out_.append(indent + kIndent, ' ').append(text);
      out_ += "\n";
      rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    }
    print_below(line, indent);
  }

  [[nodiscard]] static bool is_in_block(const YamlNode& node) {
    const bool is_empty = node.items.empty() && node.entries.empty();
    return !is_empty && !is_one_line_flow(node);
  }

  [[nodiscard]] static bool is_on_one_line(const YamlNode& scalar) {
    return !block_scalar_head(scalar.text);
  }

  // Of the file, for what a collection begins with.
  [[nodiscard]] static std::uint32_t first_line(const YamlNode& collection) {
    return collection.kind == Kind::kMapping ? collection.entries.front().key_place.line
                                             : collection.items.front()->place.line;
  }

  [[nodiscard]] std::string flow_text(const YamlNode& node) const {
    if (node.kind == Kind::kNull) return "null";
    if (node.kind == Kind::kScalar) return scalar_text(node);
    std::string text;
    for (const YamlNode* item : node.items) {
      text += (text.empty() ? "" : ", ") + flow_text(*item);
    }
    for (const YamlNode::Entry& entry : node.entries) {
      text += (text.empty() ? "" : ", ") + key_text(entry.key) + ": " + flow_text(*entry.value);
    }
    return node.kind == Kind::kSequence ? "[" + text + "]" : "{" + text + "}";
  }

  [[nodiscard]] std::string scalar_text(const YamlNode& scalar) const {
    if (scalar.is_plain && is_plain_scalar(scalar.text)) return scalar.text;
    return quoted_scalar(scalar.text, lines_.content_char(scalar.place) == '\'' ? '\'' : '"');
  }

  void print_note(const std::string& note, std::size_t indent) {
    if (!note.empty()) out_.append(indent, ' ').append(note);
    out_ += "\n";
  }

  void print_above(std::uint32_t line, std::size_t indent) {
    const auto notes = notes_.above.extract(line);
    if (notes.empty()) return;
    for (const std::string& note : notes.mapped()) {
      // No blank line below another, nor at the top.
      const bool has_blank_above = out_.empty() || out_.ends_with("\n\n");
      if (!note.empty() || !has_blank_above) print_note(note, indent);
    }
  }

  // Also what is above the first thing in the item, which will be on the same line.
  void print_above_item(const YamlNode& item, std::size_t indent) {
    print_above(item.place.line, indent);
    for (const YamlNode* node = &item; is_in_block(*node);) {
      print_above(first_line(*node), indent);
      if (node->kind == Kind::kMapping) return;
      node = node->items.front();
    }
  }

  void print_beside(std::uint32_t line) {
    if (const auto note = notes_.beside.extract(line); !note.empty()) {
      out_ += "  " + note.mapped();
    }
    out_ += "\n";
  }

  void print_below(std::uint32_t line, std::size_t indent) {
    const auto notes = notes_.below.extract(line);
    if (notes.empty()) return;
    for (const std::string& note : notes.mapped()) print_note(note, indent);
  }

  void end_line(std::uint32_t line, std::size_t indent) {
    print_beside(line);
    print_below(line, indent);
  }

  const SourceLines& lines_;
  PlacedNotes notes_;
  std::string out_;
};

}  // namespace

std::string emit_document(const YamlNode& document, const YamlNode& written,
                          const SourcePart& source) {
  Anchors printed;
  Anchors as_written;
  if (is_one_line_flow(document)) {
    printed.emplace(document.place.line, document.place.column);
  }
  find_anchors(document, printed);
  find_anchors(written, as_written);
  PlacedNotes notes =
      place_notes(source.notes, source.first_line, source.last_line, printed, as_written);
  return Emitter(source.lines, std::move(notes)).emit(document);
}

}  // namespace pawl::config
