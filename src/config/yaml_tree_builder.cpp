// Problem: yaml-cpp's own tree has no bound on depth, keeps duplicate keys, follows an alias into
// itself and forgets where a key stood.
//
// Approach: build a small tree of our own from the events, in the one pass that also checks every
// bound. Depth is checked when a collection starts, which is before the parser recurses into it, so
// that the parser's stack is as shallow as the tree. An alias becomes a copy of the anchor's node
// that shares its children; its expanded size counts as if it had been written out, which is what
// stops "billion laughs".
//
// Rejected: a checking pass and then YAML::Load (two parses, and two opinions on what the file
// says).
#include "config/yaml_tree_builder.h"

#include <algorithm>

#include "config/wording.h"
#include "model/limits.h"

namespace pawl::config {
namespace {

constexpr std::string_view kMergeKey = "<<";

}  // namespace

Place place_in(const YamlNode& scalar, std::size_t offset) {
  if (scalar.text_place.line == 0) return scalar.place;
  Place place = scalar.text_place;
  for (char c : std::string_view(scalar.text).substr(0, offset)) {
    if (c == '\n') {
      ++place.line;
      place.column = scalar.text_place.column;
    } else if ((static_cast<unsigned char>(c) & 0xc0u) != 0x80u) {
      ++place.column;
    }
  }
  return place;
}

void YamlTreeBuilder::start_document() {
  open_.clear();
  anchors_.clear();
  file_.documents.push_back(nullptr);
}

void YamlTreeBuilder::end_document() {
  if (file_.documents.back() == nullptr) file_.documents.pop_back();
}

void YamlTreeBuilder::add_null(Place place, Anchor anchor) {
  attach(new_node(place, YamlNode::Kind::kNull), anchor);
}

void YamlTreeBuilder::add_scalar(Place place, Anchor anchor, std::string_view text, bool is_plain,
                                 Place text_place) {
  YamlNode& node = new_node(place, YamlNode::Kind::kScalar);
  node.text = text;
  node.is_plain = is_plain;
  node.text_place = text_place;
  attach(node, anchor);
}

void YamlTreeBuilder::add_alias(Place place, Anchor anchor) {
  if (++aliases_ > limits::kYamlAliases) {
    throw YamlRefusal{place,
                      "more than " + std::to_string(limits::kYamlAliases) + " aliases (*name)"};
  }
  const auto target = anchors_.find(anchor);
  if (target == anchors_.end()) throw YamlRefusal{place, "an alias to what it is itself part of"};
  count_nodes(place, target->second->size);
  file_.nodes.push_back(*target->second);
  YamlNode& node = file_.nodes.back();
  node.place = place;
  node.text_place = {};
  attach(node, 0);
}

void YamlTreeBuilder::start_collection(Place place, Anchor anchor, YamlNode::Kind kind,
                                       bool is_flow) {
  if (open_.size() >= limits::kYamlDepth) {
    throw YamlRefusal{place, "lists and mappings are nested more than " +
                                 std::to_string(limits::kYamlDepth) + " levels deep"};
  }
  Frame frame;
  frame.node = &new_node(place, kind);
  frame.node->is_flow = is_flow;
  frame.anchor = anchor;
  frame.is_flow = is_flow;
  frame.flow = {kind, place};
  open_.push_back(std::move(frame));
}

void YamlTreeBuilder::end_collection() {
  Frame frame = std::move(open_.back());
  open_.pop_back();
  for (const YamlNode* from : frame.merges) {
    if (from->kind == YamlNode::Kind::kSequence) {
      for (const YamlNode* item : from->items) merge(frame, *item);
    } else {
      merge(frame, *from);
    }
  }
  attach(*frame.node, frame.anchor);
}

const YamlTreeBuilder::OpenFlow* YamlTreeBuilder::open_flow() const {
  return open_.empty() || !open_.back().is_flow ? nullptr : &open_.back().flow;
}

YamlNode& YamlTreeBuilder::new_node(Place place, YamlNode::Kind kind) {
  count_nodes(place, 1);
  YamlNode& node = file_.nodes.emplace_back();
  node.kind = kind;
  node.place = place;
  return node;
}

void YamlTreeBuilder::count_nodes(Place place, std::size_t nodes) {
  nodes_ += nodes;
  if (nodes_ > limits::kYamlNodes) {
    throw YamlRefusal{place, "more than " + std::to_string(limits::kYamlNodes) +
                                 " values, aliases counted as if written out"};
  }
}

void YamlTreeBuilder::attach(YamlNode& node, Anchor anchor) {
  if (open_.size() + node.height > limits::kYamlDepth + 1) {
    throw YamlRefusal{node.place, "lists and mappings are nested more than " +
                                      std::to_string(limits::kYamlDepth) +
                                      " levels deep, aliases counted as if written out"};
  }
  if (anchor != 0) anchors_[anchor] = &node;
  if (open_.empty()) {
    file_.documents.back() = &node;
    return;
  }
  Frame& frame = open_.back();
  frame.node->size += node.size;
  frame.node->height = std::max(frame.node->height, node.height + 1);
  if (frame.node->kind == YamlNode::Kind::kSequence) {
    frame.node->items.push_back(&node);
  } else {
    attach_to_mapping(frame, node);
  }
}

void YamlTreeBuilder::attach_to_mapping(Frame& frame, YamlNode& node) {
  if (frame.key == nullptr) {
    frame.key = &node;
    return;
  }
  const YamlNode& key = *frame.key;
  frame.key = nullptr;
  // A value that is missing has no place of its own.
  if (node.kind == YamlNode::Kind::kNull) node.place = key.place;
  if (key.kind != YamlNode::Kind::kScalar) {
    problems_.add(key.place,
                  key.kind == YamlNode::Kind::kNull
                      ? "a key is missing before ':', or it is null; put null into quotes"
                      : "a key must be text, not a list or a mapping");
    return;
  }
  const auto [first, is_new] = frame.lines.emplace(key.text, key.place.line);
  if (!is_new) {
    problems_.add(key.place, "key " + quoted(key.text) + " is given twice; the first is in line " +
                                 std::to_string(first->second));
  } else if (key.is_plain && key.text == kMergeKey) {
    frame.merges.push_back(&node);
  } else {
    frame.node->entries.push_back({key.text, key.place, &node});
  }
}

void YamlTreeBuilder::merge(Frame& frame, const YamlNode& from) {
  if (from.kind != YamlNode::Kind::kMapping) {
    problems_.add(from.place, "'<<' takes a mapping or a list of mappings");
    return;
  }
  count_nodes(from.place, from.size);
  frame.node->size += from.size;
  for (const YamlNode::Entry& entry : from.entries) {
    if (frame.lines.emplace(entry.key, entry.key_place.line).second) {
      frame.node->entries.push_back(entry);
    }
  }
}

}  // namespace pawl::config
