// One-shot calls: zstd sizes its tables by the input then, and nothing is held between calls, which keeps the idle
// agent small. A kept context would save some microseconds a chunk, next to a commit's milliseconds.
#include "store/compression.h"

#include <zstd.h>

namespace pawl::store {

std::string compress(std::string_view raw, int level) {
  std::string packed(ZSTD_compressBound(raw.size()), '\0');
  const std::size_t size =
      ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), level);
  // With room for the bound, only running out of memory is left, which is fatal everywhere else, too.
  PAWL_ASSERT(ZSTD_isError(size) == 0);
  packed.resize(size);
  return packed;
}

Result<std::string> decompress(std::string_view packed, std::size_t raw_bytes) {
  std::string raw(raw_bytes, '\0');
  const std::size_t size = ZSTD_decompress(raw.data(), raw.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != raw_bytes) {
    return Error{ErrorKind::kCorrupt, "compressed bytes are damaged", {}};
  }
  return raw;
}

}  // namespace pawl::store
