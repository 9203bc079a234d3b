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
  kAny,  // not read by this version
};

enum class KeySupport : std::uint8_t {
  kBuilt,
  kLater,    // of the SPEC; refused by this version
  kForeign,  // what other tools, or older dialects, call it; `summary` is pawl's own key
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
};

struct KeyTable {
  std::string_view subject;  // "a task"
  std::span<const Key> keys;

  [[nodiscard]] constexpr const Key* find(std::string_view name) const {
    for (const Key& key : keys) {
      if (key.name == name) return &key;
    }
    return nullptr;
  }
};

[[nodiscard]] constexpr Key later(std::string_view name, std::string_view summary,
                                  std::string_view harmless = {}) {
  return {name, ValueKind::kAny, summary, nullptr, KeySupport::kLater, harmless};
}
[[nodiscard]] constexpr Key foreign(std::string_view name, std::string_view own) {
  return {name, ValueKind::kAny, own, nullptr, KeySupport::kForeign, {}};
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
