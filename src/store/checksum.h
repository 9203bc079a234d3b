// CRC-32C (Castagnoli), the checksum of every stored record: RFC 3720 §12.1 and its test vectors in appendix B.4. Finds
// every flip of up to 5 bits in a record of ordinary size, and every burst of up to 32 bits. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace pawl::store {

// To go on over further bytes, pass the sum so far: crc32c(b, crc32c(a)) is the sum of a and b.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t sum = 0);

}  // namespace pawl::store
