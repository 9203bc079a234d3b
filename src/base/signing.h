// Ed25519 signatures (RFC 8032) over libsodium. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pawl {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

// The secret half is wiped when it goes.
class SigningKey {
 public:
  using Seed = std::array<std::uint8_t, 32>;

  // The same seed is the same key.
  explicit SigningKey(const Seed& seed);
  SigningKey(const SigningKey&) = default;
  SigningKey& operator=(const SigningKey&) = default;
  ~SigningKey();

  [[nodiscard]] const PublicKey& public_key() const { return public_; }
  [[nodiscard]] Signature sign(std::string_view message) const;

 private:
  PublicKey public_{};
  std::array<std::uint8_t, 64> secret_{};
};

[[nodiscard]] bool is_signed_by(const PublicKey& key, std::string_view message,
                                const Signature& signature);

}  // namespace pawl
