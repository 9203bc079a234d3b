// Typed reading of a YAML tree: every value is checked for its kind and bounds, every key against
// its table, and what is wrong becomes a problem at its place. Reading goes on after a problem, so
// that all of them are reported. References the tree and the problem list; one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/key_table.h"
#include "config/problem_list.h"
#include "config/yaml_node.h"
#include "model/limits.h"
#include "model/task_policy.h"

namespace pawl::config {

// What ${{ }} in a text would be.
enum class Expressions : std::uint8_t {
  kRefused,
  kTaken,  // evaluated; checked by expression_check.h
  kShell,  // refused: pasted into a shell's text, a value could run as code
};

// Reads single values. `what` names the value in messages: 'timeout', "an item of 'command'".
class ValueReader {
 public:
  // `refuse_expressions`: ${{ }} is a problem where it would not be evaluated.
  ValueReader(ProblemList& problems, bool refuse_expressions)
      : problems_(problems), refuse_expressions_(refuse_expressions) {}

  [[nodiscard]] ProblemList& problems() { return problems_; }
  void add(Place place, std::string message) { problems_.add(place, std::move(message)); }
  // Adds the refusal, if there is one. `host_file`: where the policy stands; empty: it is not known.
  void refuse(Place place, const std::optional<Refusal>& refusal, std::string_view host_file,
              std::string_view hint = {});
  // "; did you mean 'x'?", or nothing. Of the first problems of a file only.
  [[nodiscard]] std::string did_you_mean(std::string_view word,
                                         std::span<const std::string_view> candidates) const;
  void warn(Place place, std::string message) { problems_.warn(place, std::move(message)); }

  // Any scalar but null, kept as written. May be empty.
  [[nodiscard]] std::optional<std::string> text(const YamlNode& node, std::string_view what,
                                                std::size_t max_bytes,
                                                Expressions expressions = Expressions::kRefused);
  // The same, and not empty.
  [[nodiscard]] std::optional<std::string> filled_text(
      const YamlNode& node, std::string_view what, std::size_t max_bytes,
      Expressions expressions = Expressions::kRefused);
  // False, with a problem, where ${{ }} would not be evaluated.
  [[nodiscard]] bool has_no_expression(const YamlNode& node, std::string_view what,
                                       Expressions expressions);
  [[nodiscard]] std::optional<bool> boolean(const YamlNode& node, std::string_view what);
  [[nodiscard]] std::optional<std::int64_t> integer(const YamlNode& node, std::string_view what,
                                                    Range range);
  [[nodiscard]] std::optional<double> number(const YamlNode& node, std::string_view what);
  [[nodiscard]] std::optional<std::int64_t> duration_ms(const YamlNode& node, std::string_view what,
                                                        Range range);
  [[nodiscard]] std::optional<std::int64_t> size_bytes(const YamlNode& node, std::string_view what,
                                                       Range range);
  // False, with a problem, when the node is something else.
  [[nodiscard]] bool is_sequence(const YamlNode& node, std::string_view what);
  [[nodiscard]] bool is_mapping(const YamlNode& node, std::string_view what);
  // A text or a list of texts, none of them empty.
  [[nodiscard]] std::vector<Placed<std::string>> texts(const YamlNode& node, std::string_view what,
                                                       std::size_t max_bytes);

 private:
  [[nodiscard]] bool is_scalar(const YamlNode& node, std::string_view what,
                               std::string_view expected,
                               Expressions expressions = Expressions::kRefused);
  // Adds "'x' must be ..., not ...".
  void add_mismatch(const YamlNode& node, std::string_view what, std::string_view expected);

  ProblemList& problems_;
  bool refuse_expressions_;
};

// Reads the values of one mapping. A getter returns nothing where the key is missing, or its value
// wrong (then there is a problem). The kind that the table gives a key is the getter that may read
// it.
class MappingReader {
 public:
  // Checks the keys. A node that is no mapping is a problem, and has no keys; `what` names it then.
  MappingReader(ValueReader& values, const YamlNode& node, const KeyTable& table,
                std::string_view what);

  [[nodiscard]] Place place() const { return node_.place; }
  [[nodiscard]] ValueReader& values() { return values_; }
  // The value of a key, unread.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  // Where the value of a key stands, or else the mapping.
  [[nodiscard]] Place place_of(std::string_view key) const;
  // Where the key itself stands, or else the mapping.
  [[nodiscard]] Place place_of_key(std::string_view key) const;
  // Adds "'key' is missing ..." where it is.
  void require(std::string_view key, std::string_view hint = {});

  [[nodiscard]] std::optional<std::string> text(std::string_view key, std::size_t max_bytes);
  [[nodiscard]] std::optional<std::string> filled_text(std::string_view key, std::size_t max_bytes);
  [[nodiscard]] std::optional<bool> boolean(std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, Range range);
  [[nodiscard]] std::optional<double> number(std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> duration_ms(std::string_view key, Range range);
  [[nodiscard]] std::optional<std::int64_t> size_bytes(std::string_view key, Range range);
  [[nodiscard]] std::optional<std::int64_t> cpus_milli(std::string_view key);
  [[nodiscard]] std::vector<Placed<std::string>> texts(std::string_view key, std::size_t max_bytes);
  // The items of a list of mappings, or of texts and mappings; more than `max_items` are a problem, and the rest is left out.
  [[nodiscard]] std::vector<const YamlNode*> items(std::string_view key, std::size_t max_items);
  // One of a few words.
  [[nodiscard]] std::optional<std::string> word(std::string_view key,
                                                std::span<const std::string_view> words);
  // Those that the table gives the key.
  [[nodiscard]] std::span<const std::string_view> words(std::string_view key) const;
  // One of them; choice() is for words in the order of an enum.
  [[nodiscard]] std::optional<std::string> word(std::string_view key);
  template <typename Enum>
  [[nodiscard]] std::optional<Enum> choice(std::string_view key) {
    const auto found = word(key);
    if (!found) return std::nullopt;
    const auto known = words(key);
    return static_cast<Enum>(std::find(known.begin(), known.end(), *found) - known.begin());
  }
  // Within the range of the table.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> duration_ms(std::string_view key);
  [[nodiscard]] std::optional<MappingReader> mapping(std::string_view key);

 private:
  [[nodiscard]] const YamlNode::Entry* find_entry(std::string_view key) const;
  // As find(), asserting the kind.
  [[nodiscard]] const YamlNode* find(std::string_view key, ValueKind kind) const;
  void check_keys();
  void report_key(const YamlNode::Entry& entry, const Key* key);

  ValueReader& values_;
  const YamlNode& node_;
  const KeyTable& table_;
};

}  // namespace pawl::config
