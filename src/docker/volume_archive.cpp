// One directory entry and the two empty blocks of an archive's end, in the ustar format (POSIX.1-2008, pax).
//
// The engine skips an entry for the directory itself ("."), so the entry names it by the way over its parent. To
// extract at the parent instead is refused where the container's root is read-only. A container of the
// agent's own that runs chmod would need an image, and the time of a start.
#include "docker/volume_archive.h"

#include <cstddef>
#include <cstdio>

#include "base/result.h"

namespace pawl {
namespace {

constexpr std::size_t kBlockBytes = 512;
constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumBytes = 8;

void put(std::string& block, std::size_t at, std::string_view text) {
  block.replace(at, text.size(), text);
}

}  // namespace

std::string opening_archive(std::string_view target) {
  const std::string name = "../" + std::string(target.substr(target.rfind('/') + 1)) + "/";
  PAWL_ASSERT(name.size() > 4 && name.size() < kNameBytes);
  std::string block(kBlockBytes, '\0');
  put(block, 0, name);
  put(block, 100, "0001777");      // mode
  put(block, 108, "0000000");      // uid
  put(block, 116, "0000000");      // gid
  put(block, 124, "00000000000");  // size
  put(block, 136, "00000000000");  // mtime
  put(block, kChecksumAt, std::string(kChecksumBytes, ' '));
  put(block, 156, "5");  // a directory
  put(block, 257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  char text[kChecksumBytes + 1];
  std::snprintf(text, sizeof text, "%06o", sum);
  put(block, kChecksumAt, std::string_view(text, 7));  // its zero included, then the space
  return block + std::string(2 * kBlockBytes, '\0');
}

}  // namespace pawl
