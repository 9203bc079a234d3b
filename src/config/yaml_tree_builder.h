// Builds the tree of yaml_node.h from a parser's events, within the bounds of model/limits.h.
// Knows nothing of any parser; yaml_parser.cpp feeds it. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/problem_list.h"
#include "config/yaml_node.h"

namespace pawl::config {

// Thrown to leave a parser whose input is over a bound or cannot be a tree: only between the
// builder and yaml_parser.cpp, through the parser that called it.
struct YamlRefusal {
  Place place;
  std::string message;
};

class YamlTreeBuilder {
 public:
  // 0: no anchor. Numbers are unique within a document.
  using Anchor = std::uint64_t;

  YamlTreeBuilder(YamlFile& file, ProblemList& problems) : file_(file), problems_(problems) {}

  void start_document();
  void end_document();
  void add_null(Place place, Anchor anchor);
  // `text_place`: YamlNode's.
  void add_scalar(Place place, Anchor anchor, std::string_view text, bool is_plain,
                  Place text_place);
  void add_alias(Place place, Anchor anchor);
  void start_collection(Place place, Anchor anchor, YamlNode::Kind kind, bool is_flow);
  void end_collection();

  struct OpenFlow {
    YamlNode::Kind kind;
    Place place;
  };
  // The innermost collection that is open, if it is one in brackets: for the message when the end
  // of the file comes first.
  [[nodiscard]] const OpenFlow* open_flow() const;

 private:
  struct Frame {
    YamlNode* node = nullptr;
    Anchor anchor = 0;
    bool is_flow = false;
    OpenFlow flow{};
    // Mappings only.
    const YamlNode* key = nullptr;                              // read, its value is awaited
    std::unordered_map<std::string_view, std::uint32_t> lines;  // of the keys so far
    std::vector<const YamlNode*> merges;
  };

  YamlNode& new_node(Place place, YamlNode::Kind kind);
  void count_nodes(Place place, std::size_t nodes);
  // Puts a complete node where it belongs.
  void attach(YamlNode& node, Anchor anchor);
  void attach_to_mapping(Frame& frame, YamlNode& node);
  void merge(Frame& frame, const YamlNode& from);

  YamlFile& file_;
  ProblemList& problems_;
  std::vector<Frame> open_;
  std::map<Anchor, const YamlNode*> anchors_;  // complete ones
  std::size_t nodes_ = 0;
  std::size_t aliases_ = 0;
};

}  // namespace pawl::config
