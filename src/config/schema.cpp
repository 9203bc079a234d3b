// Problem: a schema kept by hand is soon another language than the reader's.
//
// Approach: one definition for each key table, and one value schema for each kind of value. What must
// be there stands beside the reference to a table, not in its definition: an older dialect's wrapper
// (`pipeline: {...}`) has its keys inside or beside it, and then each alone is right.
//
// Rejected: "anyOf: today's form, older form" at the top. Editors then report every mistake twice, or
// complete the wrong form.
#include "config/schema.h"

#include <algorithm>
#include <string>
#include <vector>

#include "config/pipeline_keys.h"

namespace pawl::config {
namespace {

constexpr std::string_view kDefinitions = "#/$defs/";
// As base/time.h reads them.
constexpr std::string_view kDurationPattern =
    "^([0-9]+|(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$";
constexpr std::string_view kSizePattern = "^[0-9]+([bB]|[kmgtKMGT]([iI]?[bB])?)?$";

// "a pipeline trigger" -> "pipeline_trigger".
std::string definition_name(const KeyTable& table) {
  std::string_view subject = table.subject;
  if (subject.starts_with("a ")) subject.remove_prefix(2);
  std::string name(subject);
  for (char& c : name) {
    if (c == ' ') c = '_';
  }
  return name;
}

Json object(Json::Object members) { return Json(std::move(members)); }

Json reference_to(std::string_view definition) {
  return object({{"$ref", std::string(kDefinitions) + std::string(definition)}});
}

Json list_of(Json item) { return object({{"type", "array"}, {"items", std::move(item)}}); }

Json any_of(Json::Array options) { return object({{"anyOf", std::move(options)}}); }

Json requires_key(std::string_view key) { return object({{"required", Json::Array{key}}}); }

// Of an older dialect, with what a table requires in it, or else beside it.
bool is_wrapper(const Key& key) {
  if (key.support != KeySupport::kOlder || key.kind != ValueKind::kMapping) return false;
  const auto& inner = key.child->keys;
  return std::any_of(inner.begin(), inner.end(), [](const Key& each) { return each.is_required; });
}

// One of them has to be there: the key, its older names, or a wrapper that may hold it.
std::vector<std::string_view> names_of(const KeyTable& table, const Key& key) {
  std::vector<std::string_view> names = {key.name};
  for (const Key& other : table.keys) {
    const bool is_older_name = other.support == KeySupport::kOlder && other.summary == key.name;
    if (is_older_name || is_wrapper(other)) names.push_back(other.name);
  }
  return names;
}

Json requires_any(const std::vector<std::string_view>& keys) {
  if (keys.size() == 1) return requires_key(keys.front());
  Json::Array options;
  for (std::string_view key : keys) options.push_back(requires_key(key));
  return any_of(std::move(options));
}

// Exactly one of the table's kinds, or else an older form's word for it.
Json requires_kind(const KeyTable& table) {
  Json::Array options;
  for (std::string_view kind : table.kinds) options.push_back(requires_key(kind));
  Json none_of_them = object({{"not", any_of(options)}});
  none_of_them.set("required", Json::Array{"type"});
  options.push_back(std::move(none_of_them));
  return object({{"oneOf", std::move(options)}});
}

// A mapping with the table's keys, and with those that it cannot do without.
Json complete(const KeyTable& table) {
  Json::Array demands;
  for (const Key& key : table.keys) {
    if (key.is_required) demands.push_back(requires_any(names_of(table, key)));
  }
  if (!table.kinds.empty()) demands.push_back(requires_kind(table));
  Json result = reference_to(definition_name(table));
  if (!demands.empty()) result.set("allOf", std::move(demands));
  return result;
}

// What a text must be: YAML's numbers and booleans are texts too, as they are written.
Json text_of(const Key& key) {
  if (!key.words.empty()) {
    return object({{"enum", Json::Array(key.words.begin(), key.words.end())}});
  }
  Json text = reference_to("text");
  if (!key.pattern.empty()) text.set("pattern", key.pattern);
  return text;
}

Json integer_of(const Key& key) {
  Json result = object({{"type", "integer"}});
  if (key.range.max == 0) return result;
  return result.set("minimum", key.range.min).set("maximum", key.range.max);
}

// The table has thousandths.
Json number_of(const Key& key) {
  Json result = object({{"type", "number"}});
  if (key.range.max == 0) return result;
  return result.set("minimum", static_cast<double>(key.range.min) / 1000)
      .set("maximum", static_cast<double>(key.range.max) / 1000);
}

Json variables_of(const Key& key, Json value) {
  Json result = object({{"type", "object"}, {"additionalProperties", std::move(value)}});
  if (!key.pattern.empty()) result.set("propertyNames", object({{"pattern", key.pattern}}));
  return result;
}

Json value_of(const Key& key) {
  switch (key.kind) {
    case ValueKind::kText:
      return text_of(key);
    case ValueKind::kInteger:
      return integer_of(key);
    case ValueKind::kNumber:
      return number_of(key);
    case ValueKind::kBoolean:
      return object({{"type", "boolean"}});
    case ValueKind::kDuration:
      return reference_to("duration");
    case ValueKind::kSize:
      return reference_to("size");
    case ValueKind::kTexts:
      return list_of(text_of(key));
    case ValueKind::kTextOrTexts:
      return any_of({text_of(key), list_of(text_of(key))});
    case ValueKind::kMappings:
      return list_of(complete(*key.child));
    case ValueKind::kMapping:
      return is_wrapper(key) ? reference_to(definition_name(*key.child)) : complete(*key.child);
    case ValueKind::kVariables:
      return variables_of(key, reference_to("text"));
    case ValueKind::kTextLists:
      return variables_of(key, list_of(reference_to("text")));
    case ValueKind::kTextsOrMappings:
      return list_of(any_of({text_of(key), complete(*key.child)}));
    case ValueKind::kTextOrMapping:
      return any_of({text_of(key), complete(*key.child)});
    case ValueKind::kIntegerOrMapping:
      return any_of({integer_of(key), complete(*key.child)});
    case ValueKind::kTextMappingOrList: {
      const Json one = any_of({text_of(key), complete(*key.child)});
      return any_of({one, list_of(one)});
    }
    case ValueKind::kAny:
      break;
  }
  return Json::object();
}

Json property_of(const Key& key) {
  const bool is_older = key.support == KeySupport::kOlder;
  Json property;
  const std::string summary(key.summary);
  property.set("description", is_older ? "older form of '" + summary + "'" : summary);
  if (is_older) property.set("deprecated", true);
  const Json value = value_of(key);
  for (const auto& [name, member] : value.members()) property.set(name, member);
  return property;
}

Json definition_of(const KeyTable& table) {
  Json properties = Json::object();
  for (const Key& key : table.keys) {
    const bool is_taken = key.support == KeySupport::kBuilt || key.support == KeySupport::kOlder;
    if (is_taken) properties.set(key.name, property_of(key));
  }
  return object(
      {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}});
}

// This table's and those of the tables below it, each once.
void add_definitions(const KeyTable& table, Json& definitions) {
  const std::string name = definition_name(table);
  if (definitions.contains(name)) return;
  definitions.set(name, definition_of(table));
  for (const Key& key : table.keys) {
    if (key.child != nullptr) add_definitions(*key.child, definitions);
  }
}

}  // namespace

Json pipeline_schema() {
  Json definitions;
  definitions.set("text", object({{"type", Json::Array{"string", "number", "boolean"}}}));
  definitions.set("duration", object({{"type", Json::Array{"string", "integer"}},
                                      {"minimum", 0},
                                      {"pattern", kDurationPattern},
                                      {"description", "a duration such as 90s, 15m or 1h30m"}}));
  definitions.set("size", object({{"type", Json::Array{"string", "integer"}},
                                  {"minimum", 0},
                                  {"pattern", kSizePattern},
                                  {"description", "a size such as 512m or 2g"}}));
  add_definitions(kPipelineKeys, definitions);
  Json schema;
  schema.set("$schema", "https://json-schema.org/draft/2020-12/schema");
  schema.set("title", "A pawl pipeline");
  const Json pipeline = complete(kPipelineKeys);
  for (const auto& [name, member] : pipeline.members()) schema.set(name, member);
  schema.set("$defs", std::move(definitions));
  return schema;
}

}  // namespace pawl::config
