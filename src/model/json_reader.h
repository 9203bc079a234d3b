// Reading a definition's JSON: one object of the tree and its path, so that an error names the member
// ("tasks[2].retries.limit"). What is read may come from a newer version, a damaged store or a hostile pull. Internal
// to the *_json.cpp of model/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "model/pipeline.h"

namespace pawl::model_json {

[[nodiscard]] inline Json strings(const std::vector<std::string>& list) {
  Json json = Json::array();
  for (const std::string& item : list) json.push(item);
  return json;
}

[[nodiscard]] inline Json variables(const Variables& list) {
  Json::Object members;
  for (const auto& [name, value] : list) members.emplace_back(name, value);
  return Json(std::move(members));
}

[[nodiscard]] inline Error corrupt(const std::string& path, const std::string& what) {
  return Error{ErrorKind::kCorrupt, (path.empty() ? "the pipeline" : path) + " " + what, {}};
}

// One object of the tree and its path. Each getter leaves `out`, which holds the default, as it is
// where the member is missing or null.
class Reader {
 public:
  static Result<Reader> open(const Json& json, std::string path) {
    if (!json.is_object()) return corrupt(path, "must be an object");
    return Reader(json, std::move(path));
  }

  [[nodiscard]] std::string path(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }
  [[nodiscard]] const Json& member(std::string_view key) const { return json_.get()[key]; }

  Result<void> read(std::string_view key, std::string& out) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_string()) return corrupt(path(key), "must be a string");
    out = json.as_string();
    return {};
  }

  Result<void> read(std::string_view key, bool& out) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_bool()) return corrupt(path(key), "must be true or false");
    out = json.as_bool();
    return {};
  }

  // An integer from 0 to `max`.
  template <typename Integer>
  Result<void> read(std::string_view key, Integer& out, std::int64_t max) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_integer() || json.as_integer() < 0 || json.as_integer() > max) {
      return corrupt(path(key), "must be an integer from 0 to " + std::to_string(max));
    }
    out = static_cast<Integer>(json.as_integer());
    return {};
  }

  Result<void> read(std::string_view key, std::vector<std::string>& out) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_array()) return corrupt(path(key), "must be a list of strings");
    out.clear();
    for (const Json& item : json.items()) {
      if (!item.is_string()) return corrupt(path(key), "must be a list of strings");
      out.push_back(item.as_string());
    }
    return {};
  }

  Result<void> read(std::string_view key, Variables& out) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_object()) return corrupt(path(key), "must be an object of strings");
    out.clear();
    std::set<std::string_view> names;
    for (const auto& [name, value] : json.members()) {
      if (!value.is_string()) return corrupt(path(key), "must be an object of strings");
      if (!names.insert(name).second) {
        return corrupt(path(key), "has '" + escape_control(name) + "' twice");
      }
      out.emplace_back(name, value.as_string());
    }
    return {};
  }

  // Calls `each(Reader)` for every object of a list of at most `max`.
  template <typename Function>
  Result<void> read_list(std::string_view key, std::size_t max, Function each) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_array() || json.items().size() > max) {
      return corrupt(path(key), "must be a list of at most " + std::to_string(max));
    }
    for (std::size_t i = 0; i < json.items().size(); ++i) {
      PAWL_TRY(const Reader item, open(json.items()[i], path(key) + "[" + std::to_string(i) + "]"));
      PAWL_CHECK(each(item));
    }
    return {};
  }

 private:
  Reader(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  std::reference_wrapper<const Json> json_;
  std::string path_;
};

inline constexpr std::int64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();

// One of the words; `out` stays where the member is missing.
template <typename Words, typename Enum>
Result<void> read_word(const Reader& reader, std::string_view key, const Words& words, Enum& out) {
  std::string word;
  PAWL_CHECK(reader.read(key, word));
  if (word.empty()) return {};
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) {
    return corrupt(reader.path(key), "must not be '" + escape_control(word) + "'");
  }
  out = static_cast<Enum>(found - words.begin());
  return {};
}

}  // namespace pawl::model_json
