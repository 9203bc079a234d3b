#include "docker/tar_header.h"

#include <array>
#include <cstdio>

#include "base/result.h"

namespace pawl {
namespace {

constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumBytes = 8;

void put(std::string& block, std::size_t at, std::string_view text) {
  block.replace(at, text.size(), text);
}

std::string octal(std::uint64_t number, int digits) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%0*llo", digits,
                                 static_cast<unsigned long long>(number));
  PAWL_ASSERT(size == digits);
  return text.data();
}

}  // namespace

std::string tar_header(const TarEntry& entry) {
  PAWL_ASSERT(!entry.name.empty() && entry.name.size() < kNameBytes);
  std::string block(kTarBlockBytes, '\0');
  put(block, 0, entry.name);
  put(block, 100, octal(entry.mode, 7));
  put(block, 108, octal(0, 7));             // uid
  put(block, 116, octal(0, 7));             // gid
  put(block, 124, octal(entry.bytes, 11));  // size
  put(block, 136, octal(0, 11));            // mtime
  put(block, kChecksumAt, std::string(kChecksumBytes, ' '));
  put(block, 156, entry.directory ? "5" : "0");
  put(block, 257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(block, kChecksumAt, octal(sum, 6) + std::string(1, '\0'));  // then the space that is there
  return block;
}

}  // namespace pawl
