// A small JSON value: what the API, the Docker client and stored snapshots speak. Parsing and
// writing are nlohmann-json's, kept to json.cpp so that its headers cost one translation unit.
//
// Objects keep their order; a repeated key keeps the last value (parse refuses it). Values; any
// thread for distinct objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace pawl {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(static_cast<std::int64_t>(value)) {}
  Json(unsigned value) : value_(static_cast<std::int64_t>(value)) {}
  Json(long value) : value_(static_cast<std::int64_t>(value)) {}
  Json(long long value) : value_(static_cast<std::int64_t>(value)) {}
  Json(unsigned long value) : value_(static_cast<std::int64_t>(value)) {}
  Json(unsigned long long value) : value_(static_cast<std::int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}
  [[nodiscard]] static Json array() { return Json(Array{}); }
  [[nodiscard]] static Json object() { return Json(Object{}); }

  [[nodiscard]] bool is_null() const { return value_.index() == 0; }
  [[nodiscard]] bool is_bool() const { return value_.index() == 1; }
  [[nodiscard]] bool is_integer() const { return value_.index() == 2; }
  [[nodiscard]] bool is_number() const { return is_integer() || value_.index() == 3; }
  [[nodiscard]] bool is_string() const { return value_.index() == 4; }
  [[nodiscard]] bool is_array() const { return value_.index() == 5; }
  [[nodiscard]] bool is_object() const { return value_.index() == 6; }

  // The value, or the fallback where it is of another type. No conversion but integer to double.
  [[nodiscard]] bool as_bool(bool fallback = false) const;
  [[nodiscard]] std::int64_t as_integer(std::int64_t fallback = 0) const;
  [[nodiscard]] double as_double(double fallback = 0) const;
  [[nodiscard]] const std::string& as_string() const;  // empty for other types
  [[nodiscard]] const Array& items() const;            // empty for other types
  [[nodiscard]] const Object& members() const;         // empty for other types

  // The member, or a null value where it is missing or this is no object. Never throws.
  [[nodiscard]] const Json& operator[](std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const;
  // Sets a member (this becomes an object if it was null). Returns *this, for chains.
  Json& set(std::string_view key, Json value);
  // Appends an item (this becomes an array if it was null).
  Json& push(Json value);

  bool operator==(const Json&) const = default;

  // Compact when indent < 0. Bytes that are not UTF-8 become U+FFFD.
  [[nodiscard]] std::string dump(int indent = -1) const;

  // RFC 8259. Errors: kInvalid (with the byte offset), kTooLarge (over max_depth), kExhausted (no memory).
  [[nodiscard]] static Result<Json> parse(std::string_view text, std::size_t max_depth = 32);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

}  // namespace pawl
