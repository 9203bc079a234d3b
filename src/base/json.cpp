// nlohmann-json does the parsing (through its SAX interface, so that depth is bounded while reading
// and no second tree is built) and the writing.
#include "base/json.h"

#include <functional>
#include <new>
#include <nlohmann/json.hpp>
#include <set>

namespace pawl {
namespace {

using Library = nlohmann::ordered_json;

// Builds our tree from the library's events. The stack holds the containers under construction.
class TreeBuilder : public nlohmann::json_sax<Library> {
 public:
  explicit TreeBuilder(std::size_t max_depth) : max_depth_(max_depth) {}

  bool null() override { return add(Json()); }
  bool boolean(bool value) override { return add(Json(value)); }
  bool number_integer(number_integer_t value) override { return add(Json(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    // Beyond 2^63 a double keeps the magnitude; no caller wants such integers.
    if (value > static_cast<number_unsigned_t>(INT64_MAX)) {
      return add(Json(static_cast<double>(value)));
    }
    return add(Json(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return add(Json(value)); }
  bool string(string_t& value) override { return add(Json(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(false); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    Frame& frame = stack_.back();
    // A set, not a search of the members: a hostile body of 100,000 members must cost n log n.
    if (!frame.seen.insert(value).second) {
      error_ = Error{ErrorKind::kInvalid, "JSON member '" + value + "' is repeated", {}};
      return false;
    }
    frame.key = std::move(value);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    error_ = Error{ErrorKind::kInvalid, "not valid JSON at byte " + std::to_string(position), {}};
    return false;
  }

  Result<Json> finish(bool parsed) {
    if (!parsed) return std::move(error_);
    return std::move(root_);
  }

 private:
  struct Frame {
    bool is_array = false;
    Json::Array items;
    Json::Object members;
    std::string key;
    std::set<std::string, std::less<>> seen;
  };

  bool add(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
    } else if (Frame& frame = stack_.back(); frame.is_array) {
      frame.items.push_back(std::move(value));
    } else {
      frame.members.emplace_back(std::move(frame.key), std::move(value));
    }
    return true;
  }
  bool open(bool is_array) {
    if (stack_.size() >= max_depth_) {
      error_ = Error{ErrorKind::kTooLarge,
                     "JSON is nested deeper than " + std::to_string(max_depth_) + " levels",
                     {}};
      return false;
    }
    stack_.emplace_back();
    stack_.back().is_array = is_array;
    return true;
  }
  bool close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.is_array) return add(Json(std::move(frame.items)));
    return add(Json(std::move(frame.members)));
  }

  const std::size_t max_depth_;
  std::vector<Frame> stack_;
  Json root_;
  Error error_{ErrorKind::kInvalid, "not valid JSON", {}};
};

Library to_library(const Json& json) {
  if (json.is_bool()) return json.as_bool();
  if (json.is_integer()) return json.as_integer();
  if (json.is_number()) return json.as_double();
  if (json.is_string()) return json.as_string();
  if (json.is_array()) {
    Library array = Library::array();
    for (const Json& item : json.items()) array.push_back(to_library(item));
    return array;
  }
  if (json.is_object()) {
    Library object = Library::object();
    // Straight into the sequence: operator[] would search it for each member.
    auto& members = object.get_ref<Library::object_t&>();
    for (const auto& [key, value] : json.members()) {
      members.Library::object_t::Container::emplace_back(key, to_library(value));
    }
    return object;
  }
  return nullptr;
}

const std::string kEmptyString;
const Json::Array kEmptyArray;
const Json::Object kEmptyObject;
const Json kNull;

}  // namespace

bool Json::as_bool(bool fallback) const {
  const bool* value = std::get_if<bool>(&value_);
  return value ? *value : fallback;
}
std::int64_t Json::as_integer(std::int64_t fallback) const {
  const auto* value = std::get_if<std::int64_t>(&value_);
  return value ? *value : fallback;
}
double Json::as_double(double fallback) const {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
  return fallback;
}
const std::string& Json::as_string() const {
  const auto* value = std::get_if<std::string>(&value_);
  return value ? *value : kEmptyString;
}
const Json::Array& Json::items() const {
  const auto* value = std::get_if<Array>(&value_);
  return value ? *value : kEmptyArray;
}
const Json::Object& Json::members() const {
  const auto* value = std::get_if<Object>(&value_);
  return value ? *value : kEmptyObject;
}

const Json& Json::operator[](std::string_view key) const {
  for (const auto& [name, value] : members()) {
    if (name == key) return value;
  }
  return kNull;
}

bool Json::contains(std::string_view key) const {
  for (const auto& [name, value] : members()) {
    if (name == key) return true;
  }
  return false;
}

Json& Json::set(std::string_view key, Json value) {
  if (is_null()) value_ = Object{};
  PAWL_ASSERT(is_object());
  auto& object = *std::get_if<Object>(&value_);
  for (auto& [name, old] : object) {
    if (name == key) {
      old = std::move(value);
      return *this;
    }
  }
  object.emplace_back(std::string(key), std::move(value));
  return *this;
}

Json& Json::push(Json value) {
  if (is_null()) value_ = Array{};
  PAWL_ASSERT(is_array());
  std::get_if<Array>(&value_)->push_back(std::move(value));
  return *this;
}

std::string Json::dump(int indent) const {
  return to_library(*this).dump(indent, ' ', false, Library::error_handler_t::replace);
}

Result<Json> Json::parse(std::string_view text, std::size_t max_depth) {
  TreeBuilder builder(max_depth);
  try {
    const bool parsed = Library::sax_parse(text, &builder);
    return builder.finish(parsed);
  } catch (const std::bad_alloc&) {
    // Says nothing about the text.
    return Error{ErrorKind::kExhausted, "no memory for this JSON", {}};
  } catch (const std::exception& exception) {
    return Error{ErrorKind::kInvalid, std::string("not valid JSON: ") + exception.what(), {}};
  }
}

}  // namespace pawl
