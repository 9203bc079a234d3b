#include "config/host_selector_reader.h"

#include <algorithm>

#include "config/names.h"
#include "config/wording.h"

namespace pawl::config {
namespace {

bool is_host_pattern(std::string text) {
  std::replace(text.begin(), text.end(), '*', 'x');
  return is_host_name(text);
}

void add_too_many(ValueReader& values, Place place, std::string_view key, std::size_t count) {
  values.add(place, "'" + std::string(key) + "' has " + std::to_string(count) + " items; at most " +
                        std::to_string(limits::kHostPatterns) + " are allowed");
}

std::vector<std::string> read_names(MappingReader& hosts) {
  std::vector<std::string> result;
  const YamlNode* node = hosts.find("names");
  if (node == nullptr) return result;
  ValueReader& values = hosts.values();
  if (node->kind == YamlNode::Kind::kSequence && node->items.empty()) {
    values.add(node->place,
               "'names' is an empty list, so no host would be meant; leave it out for every host");
  }
  if (node->items.size() > limits::kHostPatterns) {
    add_too_many(values, node->place, "names", node->items.size());
    return result;
  }
  for (Placed<std::string>& pattern : hosts.texts("names", limits::kHostNameBytes)) {
    if (is_host_pattern(pattern.value)) {
      result.push_back(std::move(pattern.value));
    } else {
      values.add(pattern.place, quoted(pattern.value) +
                                    " is not a host's name (letters, digits, '-' and '.') or a "
                                    "pattern of it such as edge-*");
    }
  }
  return result;
}

std::map<std::string, std::string> read_labels(MappingReader& hosts) {
  std::map<std::string, std::string> result;
  const YamlNode* node = hosts.find("labels");
  ValueReader& values = hosts.values();
  if (node == nullptr || !values.is_mapping(*node, "'labels'")) return result;
  if (node->entries.size() > limits::kHostPatterns) {
    add_too_many(values, node->place, "labels", node->entries.size());
    return result;
  }
  for (const YamlNode::Entry& entry : node->entries) {
    if (!is_valid_name(entry.key)) {
      values.add(entry.key_place,
                 quoted(entry.key) + " is not a label's name (" + std::string(kNameRule) + ")");
    }
    auto value = values.text(*entry.value, "label " + quoted(entry.key), limits::kTitleBytes);
    if (value) result[entry.key] = std::move(*value);
  }
  return result;
}

}  // namespace

HostSelector read_host_selector(MappingReader& pipeline) {
  auto hosts = pipeline.mapping("hosts");
  if (!hosts) return {};
  return {read_names(*hosts), read_labels(*hosts)};
}

}  // namespace pawl::config
