// RE2, the only linear matcher with a syntax that people know; std::regex and regcomp can both be made to recurse or
// to run for years by a pattern. "Linear" is text times program, though: 64 KiB against "(a?){500}b" take 0.7 s, and
// so the steps are taken for that product. A pattern is compiled for each match: kept programs would be 256 KiB each,
// for a pattern of ten bytes.
//
// Texts are UTF-8, YAML's and JSON's, and so are patterns: a "." is a character, not a byte of one. In a text that
// is not, the stray bytes match nothing.
#include "model/expression_pattern.h"

#include <re2/re2.h>

#include <string>

namespace pawl::expression {
namespace {

// What compiling takes: 0.3 us for an instruction, and some milliseconds for more of them than there is memory for.
constexpr std::size_t kCompiledPerStep = 4;
constexpr std::size_t kTooLargeSteps = 4'000;
// Instructions times bytes in one step; the slowest way of matching takes 10 ns for each.
constexpr std::size_t kMatchesPerStep = 128;

constexpr std::int64_t kParseOnlyBytes = 3;

RE2::Options options(std::int64_t max_memory_bytes) {
  RE2::Options result(RE2::Quiet);
  result.set_max_mem(max_memory_bytes);
  result.set_never_capture(true);
  return result;
}

Error refusal(const RE2& regex) {
  if (regex.error_code() == RE2::ErrorPatternTooLarge) {
    return Error{
        ErrorKind::kTooLarge, "the pattern of matches is too large once it is compiled", {}};
  }
  return Error{ErrorKind::kInvalid,
               "the pattern of matches is no regular expression (RE2): " + shortened(regex.error()),
               {}};
}

Result<void> check_length(std::string_view pattern) {
  if (pattern.size() <= limits::kExpressionBytes) return {};
  return Error{
      ErrorKind::kTooLarge,
      "the pattern of matches has more than " + std::to_string(limits::kExpressionBytes) + " bytes",
      {}};
}

}  // namespace

Result<void> check_pattern(std::string_view pattern) {
  PAWL_CHECK(check_length(pattern));
  // No memory for any instruction: only what parsing says is of interest. RE2 takes two thirds, and 0 for no bound.
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), options(kParseOnlyBytes));
  if (regex.ok() || regex.error_code() == RE2::ErrorPatternTooLarge) return {};
  return refusal(regex);
}

Result<bool> matches_regex(std::string_view text, std::string_view pattern, Steps& steps) {
  PAWL_CHECK(check_length(pattern));
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()),
                  options(limits::kExpressionPatternBytes));
  if (!regex.ok()) {
    PAWL_CHECK(steps.take(kTooLargeSteps));
    return refusal(regex);
  }
  const auto instructions = static_cast<std::size_t>(regex.ProgramSize());
  PAWL_CHECK(steps.take(20 + instructions / kCompiledPerStep));
  PAWL_CHECK(steps.take(1 + instructions * text.size() / kMatchesPerStep));
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex);
}

}  // namespace pawl::expression
