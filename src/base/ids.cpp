#include "base/ids.h"

#include <charconv>
#include <limits>

namespace pawl {

std::optional<RunId> RunId::parse(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  auto [stop, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc{} || stop != end || value == 0) return std::nullopt;
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return RunId{value};
}

}  // namespace pawl
