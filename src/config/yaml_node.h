// A YAML file as a bounded tree that remembers where everything was written. Built by
// yaml_parser.h; read-only afterwards (dialect.h adds nodes). A file owns its nodes; the pointers
// live as long as the file.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "config/place.h"

namespace pawl::config {

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMapping };
  struct Entry {
    std::string key;
    Place key_place;
    const YamlNode* value;
  };

  Kind kind = Kind::kNull;
  bool is_plain = false;  // a scalar without quotes, not | or >: may be a number or a boolean
  bool is_flow = false;   // a collection in brackets
  Place place;            // an alias stands where it is written, its content where the anchor is
  std::string text;       // of a scalar
  // Where the text's lines begin, if each stands in the file as it is read: a scalar in one line without escapes, or
  // behind '|'. Else line 0.
  Place text_place{};
  std::vector<const YamlNode*> items;  // of a sequence
  std::vector<Entry> entries;          // of a mapping: in the order written, unique, merges last
  std::uint32_t size = 1;              // nodes in it, itself included, aliases expanded
  std::uint32_t height = 1;            // levels in it, itself included

  [[nodiscard]] const YamlNode* find(std::string_view key) const {
    for (const Entry& entry : entries) {
      if (entry.key == key) return entry.value;
    }
    return nullptr;
  }
};

// Where the byte at `offset` of a scalar's text stands; the scalar's own place where that is not exact.
[[nodiscard]] Place place_in(const YamlNode& scalar, std::size_t offset);

struct YamlFile {
  std::deque<YamlNode> nodes;
  std::vector<const YamlNode*> documents;  // in order; an empty document is a null node
};

}  // namespace pawl::config
