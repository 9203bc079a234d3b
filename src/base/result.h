// Result<T>: a value or an Error. Every fallible function in pawl returns one; nothing throws across
// a folder's border (third-party exceptions are caught in their adapter).
//
// The *kind* drives decisions (retry, HTTP status, exit code); message and context are for people.
// Values, no ownership of anything outside, safe to move between threads.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace pawl {

enum class ErrorKind : unsigned char {
  kInvalid,      // the input is wrong and will be wrong again
  kNotFound,     // what was named does not exist
  kConflict,     // it exists already, or its state does not allow this
  kDenied,       // not allowed by policy, credentials or file modes
  kUnavailable,  // the other side cannot be reached now; trying later may help
  kTimeout,      // a deadline passed
  kTooLarge,     // over a bound of model/limits.h
  kExhausted,    // disk, memory, map or queue is full
  kCorrupt,      // stored or received bytes contradict themselves
  kCancelled,    // the caller or a shutdown asked for it
  kInternal,     // a bug of ours
};

[[nodiscard]] std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;  // what went wrong and what to do, one sentence, no trailing full stop
  std::string context;  // where: a path, an address, "file:line:column"; may be empty

  // "context: message", or the message alone.
  [[nodiscard]] std::string text() const;
};

// Ends the process with a message: for programmer errors only. Stays on in release builds.
[[noreturn]] void panic(std::string_view what, const char* file, int line);

#define PAWL_ASSERT(condition)                                       \
  do {                                                               \
    if (!(condition)) ::pawl::panic(#condition, __FILE__, __LINE__); \
  } while (false)

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & {
    PAWL_ASSERT(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    PAWL_ASSERT(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    PAWL_ASSERT(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const& {
    PAWL_ASSERT(!ok());
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] Error&& error() && {
    PAWL_ASSERT(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failed_(true), error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const& {
    PAWL_ASSERT(failed_);
    return error_;
  }
  [[nodiscard]] Error&& error() && {
    PAWL_ASSERT(failed_);
    return std::move(error_);
  }

 private:
  bool failed_ = false;
  Error error_;
};

// Returns the error of `expression` (a Result<void>) to the caller.
#define PAWL_CHECK(expression)                                     \
  do {                                                             \
    if (auto pawl_check_result = (expression); !pawl_check_result) \
      return std::move(pawl_check_result).error();                 \
  } while (false)

#define PAWL_CONCAT_INNER(a, b) a##b
#define PAWL_CONCAT(a, b) PAWL_CONCAT_INNER(a, b)

// `PAWL_TRY(auto value, expression);` binds the value of a Result<T>, or returns its error.
#define PAWL_TRY(declaration, expression) \
  PAWL_TRY_INNER(PAWL_CONCAT(pawl_try_result_, __LINE__), declaration, expression)
#define PAWL_TRY_INNER(result, declaration, expression) \
  auto result = (expression);                           \
  if (!result) return std::move(result).error();        \
  declaration = std::move(result).value()

}  // namespace pawl
