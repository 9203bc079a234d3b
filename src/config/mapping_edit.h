// Changes to a YAML mapping that others may share: the node is copied when the first change comes,
// and the copy belongs to the file. For dialect.h. References the file and the node; one thread.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "config/problem_list.h"
#include "config/yaml_node.h"

namespace pawl::config {

class MappingEdit {
 public:
  MappingEdit(YamlFile& file, const YamlNode& original) : file_(file), original_(original) {}

  // The original as long as nothing was changed.
  [[nodiscard]] const YamlNode& node() const { return copy_ == nullptr ? original_ : *copy_; }
  [[nodiscard]] const YamlNode::Entry* find(std::string_view key) const;
  // Where the entry is; the number of entries when it is not there.
  [[nodiscard]] std::size_t position(std::string_view key) const;

  void set(std::string_view key, const YamlNode& value);  // of an entry that is there
  void rename(std::string_view from, std::string_view to);
  void remove(std::string_view key);
  void insert(std::size_t position, YamlNode::Entry entry);
  void append(YamlNode::Entry entry) { insert(node().entries.size(), std::move(entry)); }

  // Keys that mean the same become the first of them. Two at once are a problem that names both
  // places, and the one written first stays.
  void settle(std::initializer_list<std::string_view> synonyms, ProblemList& problems);

 private:
  YamlNode& copy();

  YamlFile& file_;
  const YamlNode& original_;
  YamlNode* copy_ = nullptr;
};

// A sequence with other items; the original when they are the same ones.
[[nodiscard]] const YamlNode& with_items(YamlFile& file, const YamlNode& original,
                                         std::vector<const YamlNode*> items);

// "'needs' means the same as 'depends_on' in line 5, column 3; leave one of them out", at `entry`.
void report_synonyms(const YamlNode::Entry& entry, const YamlNode::Entry& first,
                     ProblemList& problems);

}  // namespace pawl::config
