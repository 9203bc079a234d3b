#include <cmath>

#include "base/result.h"
#include "config/reader.h"
#include "config/wording.h"

namespace pawl::config {
namespace {

std::string in_quotes(std::string_view key) { return "'" + std::string(key) + "'"; }

bool is_harmless(const Key& key, const YamlNode& value) {
  if (key.harmless.empty()) return false;
  if (value.kind == YamlNode::Kind::kSequence) return key.harmless == "[]" && value.items.empty();
  return value.kind == YamlNode::Kind::kScalar && value.text == key.harmless;
}

}  // namespace

MappingReader::MappingReader(ValueReader& values, const YamlNode& node, const KeyTable& table,
                             std::string_view what)
    : values_(values), node_(node), table_(table) {
  if (values_.is_mapping(node, what)) check_keys();
}

void MappingReader::check_keys() {
  for (const YamlNode::Entry& entry : node_.entries) {
    const Key* key = table_.find(entry.key);
    if (key == nullptr || key->support != KeySupport::kBuilt) report_key(entry, key);
  }
}

void MappingReader::report_key(const YamlNode::Entry& entry, const Key* key) {
  if (values_.problems().is_full()) return values_.add(entry.key_place, {});
  if (key != nullptr && key->support == KeySupport::kLater) {
    if (is_harmless(*key, *entry.value)) return;
    std::string message =
        "key " + in_quotes(key->name) + " is not supported by this version of pawl";
    if (!key->harmless.empty()) {
      message += "; only " + std::string(key->harmless) + " is accepted";
    }
    return values_.add(entry.key_place, std::move(message));
  }
  if (key != nullptr && key->support == KeySupport::kNever) {
    return values_.add(entry.key_place,
                       in_quotes(key->name) + " is given to no task: " + std::string(key->summary));
  }
  std::string message = "unknown key " + quoted(entry.key) + " in " + std::string(table_.subject);
  if (key != nullptr) {
    message += "; use " + in_quotes(key->summary);
  } else {
    std::vector<std::string_view> names;
    for (const Key& candidate : table_.keys) {
      if (candidate.support == KeySupport::kBuilt) names.push_back(candidate.name);
    }
    message += values_.did_you_mean(entry.key, names);
  }
  values_.add(entry.key_place, std::move(message));
}

const YamlNode::Entry* MappingReader::find_entry(std::string_view key) const {
  for (const YamlNode::Entry& entry : node_.entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

const YamlNode* MappingReader::find(std::string_view key) const {
  const Key* known = table_.find(key);
  PAWL_ASSERT(known != nullptr && known->support == KeySupport::kBuilt);
  return node_.find(key);
}

const YamlNode* MappingReader::find(std::string_view key, ValueKind kind) const {
  const Key* known = table_.find(key);
  PAWL_ASSERT(known != nullptr && known->kind == kind);
  return find(key);
}

Place MappingReader::place_of(std::string_view key) const {
  const YamlNode* value = find(key);
  return value == nullptr ? node_.place : value->place;
}

Place MappingReader::place_of_key(std::string_view key) const {
  const YamlNode::Entry* entry = find_entry(key);
  return entry == nullptr ? node_.place : entry->key_place;
}

void MappingReader::require(std::string_view key, std::string_view hint) {
  const Key* known = table_.find(key);
  PAWL_ASSERT(known != nullptr && known->is_required);
  if (node_.kind != YamlNode::Kind::kMapping || find(key) != nullptr) return;
  values_.add(node_.place, std::string(table_.subject) + " needs " + in_quotes(key) +
                               std::string(hint.empty() ? "" : ": ") + std::string(hint));
}

std::optional<std::string> MappingReader::text(std::string_view key, std::size_t max_bytes) {
  const YamlNode* value = find(key, ValueKind::kText);
  return value == nullptr ? std::nullopt : values_.text(*value, in_quotes(key), max_bytes);
}

std::optional<std::string> MappingReader::filled_text(std::string_view key, std::size_t max_bytes) {
  const YamlNode* value = find(key, ValueKind::kText);
  return value == nullptr ? std::nullopt : values_.filled_text(*value, in_quotes(key), max_bytes);
}

std::optional<bool> MappingReader::boolean(std::string_view key) {
  const YamlNode* value = find(key, ValueKind::kBoolean);
  return value == nullptr ? std::nullopt : values_.boolean(*value, in_quotes(key));
}

std::optional<std::int64_t> MappingReader::integer(std::string_view key, Range range) {
  const YamlNode* value = find(key, ValueKind::kInteger);
  return value == nullptr ? std::nullopt : values_.integer(*value, in_quotes(key), range);
}

std::optional<double> MappingReader::number(std::string_view key) {
  const YamlNode* value = find(key, ValueKind::kNumber);
  return value == nullptr ? std::nullopt : values_.number(*value, in_quotes(key));
}

std::optional<std::int64_t> MappingReader::duration_ms(std::string_view key, Range range) {
  const YamlNode* value = find(key, ValueKind::kDuration);
  return value == nullptr ? std::nullopt : values_.duration_ms(*value, in_quotes(key), range);
}

std::optional<std::int64_t> MappingReader::size_bytes(std::string_view key, Range range) {
  const YamlNode* value = find(key, ValueKind::kSize);
  return value == nullptr ? std::nullopt : values_.size_bytes(*value, in_quotes(key), range);
}

std::optional<std::int64_t> MappingReader::cpus_milli(std::string_view key) {
  const auto cpus = number(key);
  if (!cpus) return std::nullopt;
  constexpr double kMax = static_cast<double>(limits::kCpusMaxMilli) / 1000;
  constexpr double kMin = static_cast<double>(limits::kCpusMinMilli) / 1000;
  if (*cpus < kMin || *cpus > kMax) {
    values_.add(place_of(key),
                in_quotes(key) + " must be from " + format_cpus(limits::kCpusMinMilli) + " to " +
                    format_cpus(limits::kCpusMaxMilli) + ", not " + quoted(find(key)->text));
    return std::nullopt;
  }
  return std::llround(*cpus * 1000);
}

std::vector<Placed<std::string>> MappingReader::texts(std::string_view key, std::size_t max_bytes) {
  const Key* known = table_.find(key);
  PAWL_ASSERT(known != nullptr &&
              (known->kind == ValueKind::kTexts || known->kind == ValueKind::kTextOrTexts));
  const YamlNode* value = find(key);
  if (value == nullptr) return {};
  if (known->kind == ValueKind::kTexts && !values_.is_sequence(*value, in_quotes(key))) return {};
  return values_.texts(*value, in_quotes(key), max_bytes);
}

std::vector<const YamlNode*> MappingReader::items(std::string_view key, std::size_t max_items) {
  const Key* known = table_.find(key);
  PAWL_ASSERT(known != nullptr &&
              (known->kind == ValueKind::kMappings || known->kind == ValueKind::kTextsOrMappings));
  const YamlNode* value = find(key);
  if (value == nullptr || !values_.is_sequence(*value, in_quotes(key))) return {};
  std::vector<const YamlNode*> result = value->items;
  if (result.size() > max_items) {
    values_.add(result[max_items]->place, in_quotes(key) + " has " + std::to_string(result.size()) +
                                              " items; at most " + std::to_string(max_items) +
                                              " are allowed");
    result.resize(max_items);
  }
  return result;
}

std::optional<std::string> MappingReader::word(std::string_view key,
                                               std::span<const std::string_view> words) {
  auto value = filled_text(key, limits::kValueBytes);
  if (!value) return std::nullopt;
  for (std::string_view word : words) {
    if (*value == word) return value;
  }
  values_.add(place_of(key), in_quotes(key) + " must be " + listed(words, "or") + ", not " +
                                 quoted(*value) + values_.did_you_mean(*value, words));
  return std::nullopt;
}

std::span<const std::string_view> MappingReader::words(std::string_view key) const {
  const Key* known = table_.find(key);
  PAWL_ASSERT(known != nullptr && !known->words.empty());
  return known->words;
}

std::optional<std::string> MappingReader::word(std::string_view key) {
  return word(key, words(key));
}

std::optional<std::int64_t> MappingReader::integer(std::string_view key) {
  const Key* known = table_.find(key);
  PAWL_ASSERT(known != nullptr && known->range.max > 0);
  return integer(key, known->range);
}

std::optional<std::int64_t> MappingReader::duration_ms(std::string_view key) {
  const Key* known = table_.find(key);
  PAWL_ASSERT(known != nullptr && known->range.max > 0);
  return duration_ms(key, known->range);
}

std::optional<MappingReader> MappingReader::mapping(std::string_view key) {
  const Key* known = table_.find(key);
  PAWL_ASSERT(known != nullptr && known->child != nullptr);
  const YamlNode* value = find(key);
  if (value == nullptr) return std::nullopt;
  const std::string what = in_quotes(key);
  if (value->kind != YamlNode::Kind::kMapping) {
    (void)values_.is_mapping(*value, what);
    return std::nullopt;
  }
  return MappingReader(values_, *value, *known->child, what);
}

}  // namespace pawl::config
