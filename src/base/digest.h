// Digests over libsodium, and their text forms. Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes);
// RFC 2104 with SHA-256 (vectors: RFC 4231). Any key length.
[[nodiscard]] Sha256 hmac_sha256(std::string_view key, std::string_view bytes);
// Constant time in the contents.
[[nodiscard]] bool digests_equal(const Sha256& a, const Sha256& b);

[[nodiscard]] std::string hex(std::string_view bytes);
[[nodiscard]] std::string hex(const Sha256& digest);
// Exactly 64 hex digits of either case, nothing else.
[[nodiscard]] std::optional<Sha256> parse_sha256_hex(std::string_view text);

// `count` bytes from the kernel's generator, as lower-case hex (2 * count characters).
[[nodiscard]] std::string random_hex(std::size_t count);

}  // namespace pawl
