// Ed25519 against RFC 8032, §7.1, and signatures that are none.
#include "base/signing.h"

#include <doctest/doctest.h>

#include <string>

#include "base/digest.h"

using namespace pawl;

namespace {

template <typename Bytes>
std::string hex_of(const Bytes& bytes) {
  return hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

SigningKey key_of(const char* seed) {
  const auto bytes = parse_sha256_hex(seed);
  REQUIRE(bytes);
  return SigningKey(*bytes);
}

}  // namespace

TEST_CASE("the signatures of RFC 8032") {
  const SigningKey first =
      key_of("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  CHECK(hex_of(first.public_key()) ==
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  CHECK(hex_of(first.sign("")) ==
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b");
  const SigningKey second =
      key_of("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  CHECK(hex_of(second.public_key()) ==
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  CHECK(hex_of(second.sign("r")) ==
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
        "f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST_CASE("a signature is of one key and one message") {
  const SigningKey key(SigningKey::Seed{1});
  const SigningKey other(SigningKey::Seed{2});
  const Signature signature = key.sign("message");
  CHECK(is_signed_by(key.public_key(), "message", signature));
  CHECK_FALSE(is_signed_by(key.public_key(), "messages", signature));
  CHECK_FALSE(is_signed_by(other.public_key(), "message", signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Signature changed = signature;
    changed[i] ^= 1;
    CHECK_FALSE(is_signed_by(key.public_key(), "message", changed));
  }
  CHECK_FALSE(is_signed_by({}, "message", {}));
}
