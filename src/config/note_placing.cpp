#include "config/note_placing.h"

#include <algorithm>

namespace pawl::config {
namespace {

using Kind = YamlNode::Kind;

void add_anchor(Anchors& anchors, Place place) {
  const auto [anchor, is_new] = anchors.emplace(place.line, place.column);
  if (!is_new) anchor->second = std::min(anchor->second, place.column);
}

bool is_on_line(const YamlNode& node, std::uint32_t line) {
  if (node.kind == Kind::kNull) return true;
  if (node.place.line != line) return false;
  if (node.kind == Kind::kScalar) return node.text.find('\n') == std::string::npos;
  if (!node.is_flow) return false;
  return std::all_of(node.items.begin(), node.items.end(),
                     [&](const YamlNode* item) { return is_on_line(*item, line); }) &&
         std::all_of(node.entries.begin(), node.entries.end(), [&](const YamlNode::Entry& entry) {
           return entry.key_place.line == line && is_on_line(*entry.value, line);
         });
}

class NotePlacing {
 public:
  NotePlacing(const Anchors& printed, const Anchors& written)
      : printed_(printed), written_(written) {}

  void place_blank(std::uint32_t line) {
    const auto next = printed_.upper_bound(line);
    if (next == printed_.end()) return;
    auto& above = placed_.above[next->first];
    if (above.empty() || !above.back().empty()) above.emplace_back();
  }

  void place(const SourceComment& comment) {
    const auto next = printed_.upper_bound(comment.line);
    const bool has_previous = next != printed_.begin();
    if (comment.is_own_line) {
      const bool is_deeper = has_previous && comment.column > 1 &&
                             (next == printed_.end() || (comment.column > next->second &&
                                                         std::prev(next)->second >= next->second));
      if (is_deeper) return placed_.below[std::prev(next)->first].push_back(comment.text);
      return place_above(next, comment);
    }
    if (has_previous && std::prev(next)->first == comment.line) {
      placed_.beside[comment.line] = comment.text;
    } else if (has_previous && !written_.contains(comment.line)) {
      // The end of a text of several lines, or a closing bracket.
      placed_.below[std::prev(next)->first].push_back(comment.text);
    } else {
      place_above(next, comment);
    }
  }

  PlacedNotes take() { return std::move(placed_); }

 private:
  void place_above(Anchors::const_iterator next, const SourceComment& comment) {
    auto& list = next == printed_.end() ? placed_.at_end : placed_.above[next->first];
    list.push_back(comment.text);
  }

  const Anchors& printed_;
  const Anchors& written_;
  PlacedNotes placed_;
};

}  // namespace

bool is_one_line_flow(const YamlNode& node) {
  return (node.kind == Kind::kSequence || node.kind == Kind::kMapping) &&
         is_on_line(node, node.place.line);
}

void find_anchors(const YamlNode& node, Anchors& anchors) {
  if (is_one_line_flow(node)) return;
  for (const YamlNode::Entry& entry : node.entries) {
    add_anchor(anchors, entry.key_place);
    find_anchors(*entry.value, anchors);
  }
  for (const YamlNode* item : node.items) {
    add_anchor(anchors, {item->place.line, node.is_flow ? item->place.column : node.place.column});
    find_anchors(*item, anchors);
  }
}

PlacedNotes place_notes(const SourceNotes& notes, std::uint32_t first_line, std::uint32_t last_line,
                        const Anchors& printed, const Anchors& written) {
  NotePlacing placing(printed, written);
  auto blank = std::lower_bound(notes.blank_lines.begin(), notes.blank_lines.end(), first_line);
  for (const SourceComment& comment : notes.comments) {
    if (comment.line < first_line || comment.line > last_line) continue;
    for (; blank != notes.blank_lines.end() && *blank < comment.line; ++blank) {
      placing.place_blank(*blank);
    }
    placing.place(comment);
  }
  for (; blank != notes.blank_lines.end() && *blank <= last_line; ++blank) {
    placing.place_blank(*blank);
  }
  return placing.take();
}

}  // namespace pawl::config
