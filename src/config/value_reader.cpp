#include <cmath>

#include "base/time.h"
#include "config/reader.h"
#include "config/wording.h"
#include "config/yaml_scalar.h"

namespace pawl::config {
namespace {

constexpr std::string_view kExpression = "${{";
constexpr std::string_view kExpressionPlaces =
    ": ${{ }} works in a task's 'when', in values of 'env', in items of a 'command' list, in a "
    "webhook's 'when' and 'params', and ${{ matrix.* }} in 'image'";
constexpr std::string_view kShellRemedy =
    ", because a value pasted into a shell's text could run as code; put it into 'env' (NAME: "
    "\"${{ "
    "... }}\") and write \"$NAME\" here";
constexpr std::string_view kDurationWords = "a duration such as 90s, 15m or 1h30m";
constexpr std::string_view kSizeWords = "a size such as 512m or 2g";

std::string found(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "empty";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMapping:
      return "a mapping";
    case YamlNode::Kind::kScalar:
      break;
  }
  return quoted(node.text);
}

std::string range_words(std::string_view what, const std::string& min, const std::string& max,
                        const std::string& value) {
  return std::string(what) + " must be from " + min + " to " + max + ", not " + value;
}

}  // namespace

void ValueReader::add_mismatch(const YamlNode& node, std::string_view what,
                               std::string_view expected) {
  if (problems_.is_full()) return add(node.place, {});
  add(node.place, std::string(what) + " must be " + std::string(expected) + ", not " + found(node));
}

bool ValueReader::has_no_expression(const YamlNode& node, std::string_view what,
                                    Expressions expressions) {
  if (!refuse_expressions_ || expressions == Expressions::kTaken) return true;
  const std::size_t offset = node.text.find(kExpression);
  if (offset == std::string::npos) return true;
  add(place_in(node, offset),
      std::string(what) + " cannot have an expression" +
          std::string(expressions == Expressions::kShell ? kShellRemedy : kExpressionPlaces));
  return false;
}

bool ValueReader::is_scalar(const YamlNode& node, std::string_view what, std::string_view expected,
                            Expressions expressions) {
  if (node.kind != YamlNode::Kind::kScalar) {
    add_mismatch(node, what, expected);
    return false;
  }
  return has_no_expression(node, what, expressions);
}

void ValueReader::refuse(Place place, const std::optional<Refusal>& refusal,
                         std::string_view host_file, std::string_view hint) {
  if (!refusal) return;
  problems_.refuse(place, refusal->text(hint, host_file.empty() ? "the host config" : host_file));
}

std::string ValueReader::did_you_mean(std::string_view word,
                                      std::span<const std::string_view> candidates) const {
  return problems_.wants_proposals() ? pawl::did_you_mean(word, candidates) : std::string();
}

std::optional<std::string> ValueReader::text(const YamlNode& node, std::string_view what,
                                             std::size_t max_bytes, Expressions expressions) {
  if (node.kind == YamlNode::Kind::kNull) {
    add(node.place, std::string(what) + " has no value; write \"\" if it is meant to be empty");
    return std::nullopt;
  }
  if (!is_scalar(node, what, "text", expressions)) return std::nullopt;
  if (node.text.find('\0') != std::string::npos) {
    add(node.place, std::string(what) + " has a NUL character, which no text may have");
    return std::nullopt;
  }
  if (node.text.size() > max_bytes) {
    add(node.place, std::string(what) + " has " + std::to_string(node.text.size()) +
                        " bytes; at most " + std::to_string(max_bytes) + " are allowed");
    return std::nullopt;
  }
  return node.text;
}

std::optional<std::string> ValueReader::filled_text(const YamlNode& node, std::string_view what,
                                                    std::size_t max_bytes,
                                                    Expressions expressions) {
  if (node.kind == YamlNode::Kind::kNull ||
      (node.kind == YamlNode::Kind::kScalar && node.text.empty())) {
    add(node.place, std::string(what) + " must not be empty");
    return std::nullopt;
  }
  return text(node, what, max_bytes, expressions);
}

std::optional<bool> ValueReader::boolean(const YamlNode& node, std::string_view what) {
  if (!is_scalar(node, what, "true or false")) return std::nullopt;
  const auto value = parse_core_boolean(node.text);
  if (value && node.is_plain) return value;
  add_mismatch(node, what, value ? "true or false without quotes" : "true or false");
  return std::nullopt;
}

std::optional<std::int64_t> ValueReader::integer(const YamlNode& node, std::string_view what,
                                                 Range range) {
  if (!is_scalar(node, what, "a whole number")) return std::nullopt;
  const auto value = parse_core_integer(node.text);
  if (!value || !node.is_plain) {
    add_mismatch(node, what, value ? "a whole number without quotes" : "a whole number");
    return std::nullopt;
  }
  if (*value < range.min || *value > range.max) {
    add(node.place, range_words(what, std::to_string(range.min), std::to_string(range.max),
                                std::to_string(*value)));
    return std::nullopt;
  }
  return value;
}

std::optional<double> ValueReader::number(const YamlNode& node, std::string_view what) {
  if (!is_scalar(node, what, "a number")) return std::nullopt;
  const auto value = parse_core_number(node.text);
  if (value && node.is_plain) return value;
  add_mismatch(node, what, value ? "a number without quotes" : "a number");
  return std::nullopt;
}

std::optional<std::int64_t> ValueReader::duration_ms(const YamlNode& node, std::string_view what,
                                                     Range range) {
  if (!is_scalar(node, what, kDurationWords)) return std::nullopt;
  const auto value = parse_duration_ms(node.text);
  if (!value) {
    add_mismatch(node, what, kDurationWords);
    return std::nullopt;
  }
  if (*value < range.min || *value > range.max) {
    add(node.place, range_words(what, format_exact_duration(range.min),
                                format_exact_duration(range.max), quoted(node.text)));
    return std::nullopt;
  }
  return value;
}

std::optional<std::int64_t> ValueReader::size_bytes(const YamlNode& node, std::string_view what,
                                                    Range range) {
  if (!is_scalar(node, what, kSizeWords)) return std::nullopt;
  const auto value = parse_size_bytes(node.text);
  if (!value) {
    add_mismatch(node, what, kSizeWords);
    return std::nullopt;
  }
  if (*value < range.min || *value > range.max) {
    add(node.place,
        range_words(what, format_size(range.min), format_size(range.max), quoted(node.text)));
    return std::nullopt;
  }
  return value;
}

bool ValueReader::is_sequence(const YamlNode& node, std::string_view what) {
  if (node.kind == YamlNode::Kind::kSequence) return true;
  add_mismatch(node, what, "a list");
  return false;
}

bool ValueReader::is_mapping(const YamlNode& node, std::string_view what) {
  if (node.kind == YamlNode::Kind::kMapping) return true;
  const bool lacks_space = node.kind == YamlNode::Kind::kScalar && node.is_plain &&
                           node.text.find(':') != std::string::npos;
  add_mismatch(
      node, what,
      lacks_space ? "a mapping (key: value, with a space after ':')" : "a mapping (key: value)");
  return false;
}

std::vector<Placed<std::string>> ValueReader::texts(const YamlNode& node, std::string_view what,
                                                    std::size_t max_bytes) {
  std::vector<Placed<std::string>> result;
  if (node.kind != YamlNode::Kind::kSequence) {
    if (node.kind == YamlNode::Kind::kMapping) {
      add_mismatch(node, what, "text or a list of texts");
    } else if (auto value = filled_text(node, what, max_bytes)) {
      result.push_back({std::move(*value), node.place});
    }
    return result;
  }
  const std::string item_what = "an item of " + std::string(what);
  for (const YamlNode* item : node.items) {
    if (auto value = filled_text(*item, item_what, max_bytes)) {
      result.push_back({std::move(*value), item->place});
    }
  }
  return result;
}

}  // namespace pawl::config
