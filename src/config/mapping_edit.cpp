#include "config/mapping_edit.h"

#include <algorithm>
#include <utility>

#include "config/wording.h"

namespace pawl::config {
namespace {

bool is_one_of(std::string_view key, std::initializer_list<std::string_view> keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

YamlNode& MappingEdit::copy() {
  if (copy_ == nullptr) copy_ = &file_.nodes.emplace_back(original_);
  return *copy_;
}

const YamlNode::Entry* MappingEdit::find(std::string_view key) const {
  const std::size_t at = position(key);
  return at == node().entries.size() ? nullptr : &node().entries[at];
}

std::size_t MappingEdit::position(std::string_view key) const {
  const auto& entries = node().entries;
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const YamlNode::Entry& entry) { return entry.key == key; });
  return static_cast<std::size_t>(found - entries.begin());
}

void MappingEdit::set(std::string_view key, const YamlNode& value) {
  const std::size_t at = position(key);
  if (node().entries[at].value != &value) copy().entries[at].value = &value;
}

void MappingEdit::rename(std::string_view from, std::string_view to) {
  copy().entries[position(from)].key = to;
}

void MappingEdit::remove(std::string_view key) {
  const auto at = static_cast<std::ptrdiff_t>(position(key));
  copy().entries.erase(copy().entries.begin() + at);
}

void MappingEdit::insert(std::size_t position, YamlNode::Entry entry) {
  auto& entries = copy().entries;
  entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(position), std::move(entry));
}

void MappingEdit::settle(std::initializer_list<std::string_view> synonyms, ProblemList& problems) {
  std::string kept;
  std::vector<std::string> others;
  for (const YamlNode::Entry& entry : node().entries) {
    if (!is_one_of(entry.key, synonyms)) continue;
    if (kept.empty()) {
      kept = entry.key;
      continue;
    }
    report_synonyms(entry, *find(kept), problems);
    others.push_back(entry.key);
  }
  for (const std::string& other : others) remove(other);
  if (!kept.empty() && kept != *synonyms.begin()) rename(kept, *synonyms.begin());
}

const YamlNode& with_items(YamlFile& file, const YamlNode& original,
                           std::vector<const YamlNode*> items) {
  if (items == original.items) return original;
  YamlNode& changed = file.nodes.emplace_back(original);
  changed.items = std::move(items);
  return changed;
}

void report_synonyms(const YamlNode::Entry& entry, const YamlNode::Entry& first,
                     ProblemList& problems) {
  problems.add(entry.key_place, "'" + entry.key + "' means the same as '" + first.key +
                                    "' in line " + std::to_string(first.key_place.line) +
                                    ", column " + std::to_string(first.key_place.column) +
                                    "; leave one of them out");
}

}  // namespace pawl::config
