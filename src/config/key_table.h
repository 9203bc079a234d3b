// What keys a mapping has: one table per mapping of SPEC §1 and §2. The reader checks keys against
// them, messages and "did you mean" come from them, and a reference or a JSON Schema can be written
// from them. Constants; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pawl::config {

enum class ValueKind : std::uint8_t {
  kText,
  kInteger,
  kNumber,
  kBoolean,
  kDuration,
  kSize,
  kTexts,            // a list of texts
  kTextOrTexts,      // one text, or a list of them
  kMappings,         // a list of mappings
  kMapping,          // with the keys of `child`
  kVariables,        // a mapping of free names to texts
  kTextLists,        // a mapping of free names to lists of texts
  kTextsOrMappings,  // a list of texts and mappings with the keys of `child`
  kTextOrMapping,
  kIntegerOrMapping,
  kTextMappingOrList,  // a text, a mapping with the keys of `child`, or a list of these
  kAny,                // not read by this version
};

// An inclusive range of what is allowed.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

enum class KeySupport : std::uint8_t {
  kBuilt,
  kLater,    // of the SPEC; refused by this version
  kForeign,  // what other tools call it; `summary` is pawl's own key
  kNever,    // what pawl gives to no task, whatever a policy says; `summary` is why
  kOlder,  // what an older dialect calls it, likewise; dialect.h has made the own key of it where it may
           // stand, so that a reader that still meets it refuses it
};

struct KeyTable;

struct Key {
  std::string_view name;
  ValueKind kind = ValueKind::kAny;
  std::string_view summary = {};
  const KeyTable* child = nullptr;  // of kMapping, kMappings, ...OrMapping
  KeySupport support = KeySupport::kBuilt;
  // kLater: a value that asks for nothing beyond what this version does, and is therefore accepted.
  std::string_view harmless = {};
  // Of a text, or of each in a list: the only ones that are taken.
  std::span<const std::string_view> words = {};
  // In ms of kDuration, bytes of kSize, thousandths of kNumber. {0, 0}: the reader's own.
  Range range = {};
  bool is_required = false;
  // A regular expression of text, or of the names of kVariables: what names.h checks, for the schema.
  std::string_view pattern = {};

  [[nodiscard]] constexpr Key of(std::span<const std::string_view> allowed) const {
    Key key = *this;
    key.words = allowed;
    return key;
  }
  [[nodiscard]] constexpr Key within(std::int64_t min, std::int64_t max) const {
    Key key = *this;
    key.range = {min, max};
    return key;
  }
  [[nodiscard]] constexpr Key like(std::string_view regex) const {
    Key key = *this;
    key.pattern = regex;
    return key;
  }
  [[nodiscard]] constexpr Key required() const {
    Key key = *this;
    key.is_required = true;
    return key;
  }
};

struct KeyTable {
  std::string_view subject;  // "a task"
  std::span<const Key> keys;
  // Where not empty: exactly one of these keys says what kind of thing it is.
  std::span<const std::string_view> kinds = {};

  [[nodiscard]] constexpr const Key* find(std::string_view name) const {
    for (const Key& key : keys) {
      if (key.name == name) return &key;
    }
    return nullptr;
  }
};

[[nodiscard]] constexpr Key later(std::string_view name, std::string_view summary,
                                  std::string_view harmless = {}) {
  return {name, ValueKind::kAny, summary, nullptr, KeySupport::kLater, harmless, {}, {}, false, {}};
}
[[nodiscard]] constexpr Key foreign(std::string_view name, std::string_view own) {
  return {name, ValueKind::kAny, own, nullptr, KeySupport::kForeign, {}, {}, {}, false, {}};
}
[[nodiscard]] constexpr Key never(std::string_view name, std::string_view why) {
  return {name, ValueKind::kAny, why, nullptr, KeySupport::kNever, {}, {}, {}, false, {}};
}
[[nodiscard]] constexpr Key older(std::string_view name, ValueKind kind, std::string_view own,
                                  const KeyTable* child = nullptr) {
  return {name, kind, own, child, KeySupport::kOlder, {}, {}, {}, false, {}};
}

template <std::size_t N, std::size_t M>
[[nodiscard]] constexpr std::array<Key, N + M> joined(const std::array<Key, N>& a,
                                                      const std::array<Key, M>& b) {
  std::array<Key, N + M> result{};
  for (std::size_t i = 0; i < N; ++i) result[i] = a[i];
  for (std::size_t i = 0; i < M; ++i) result[N + i] = b[i];
  return result;
}

}  // namespace pawl::config
