#include "http/webhook.h"

#include <doctest/doctest.h>

#include "model/limits.h"

namespace pawl::http {
namespace {

constexpr std::string_view kSecret = "It's a Secret to Everybody";
constexpr std::string_view kBody = "Hello, World!";
constexpr std::string_view kDigest =
    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

bool verifies(const std::vector<std::string>& values, std::string_view secret = kSecret,
              std::string_view body = kBody) {
  const std::vector<std::string_view> views(values.begin(), values.end());
  const auto claimed = claimed_digest(views);
  return claimed && is_signed_by(secret, body, *claimed);
}

std::string signature(std::string_view digest) { return "sha256=" + std::string(digest); }

TEST_CASE("GitHub's own vector verifies, in either case of the digits") {
  CHECK(verifies({signature(kDigest)}));
  std::string upper(kDigest);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  CHECK(verifies({signature(upper)}));
}

TEST_CASE("what does not sign") {
  CHECK_FALSE(verifies({}));
  CHECK_FALSE(verifies({""}));
  CHECK_FALSE(verifies({"sha256="}));
  CHECK_FALSE(verifies({std::string(kDigest)}));
  CHECK_FALSE(verifies({"sha1=" + std::string(kDigest.substr(0, 40))}));
  CHECK_FALSE(verifies({"sha1=" + std::string(kDigest)}));
  CHECK_FALSE(verifies({"SHA256=" + std::string(kDigest)}));
  CHECK_FALSE(verifies({signature(kDigest.substr(1))}));
  CHECK_FALSE(verifies({signature(kDigest) + "0"}));
  CHECK_FALSE(verifies({signature(kDigest) + " "}));
  CHECK_FALSE(verifies({signature("g" + std::string(kDigest.substr(1)))}));
  CHECK_FALSE(verifies({signature(kDigest) + ", " + signature(kDigest)}));
  CHECK_FALSE(verifies({signature(kDigest), signature(kDigest)}));
}

TEST_CASE("another secret, another body, or no secret at all") {
  CHECK_FALSE(verifies({signature(kDigest)}, "It's a Secret to everybody"));
  CHECK_FALSE(verifies({signature(kDigest)}, kSecret, "Hello, World"));
  const Sha256 by_nobody = hmac_sha256("", kBody);
  CHECK_FALSE(is_signed_by("", kBody, by_nobody));
}

TEST_CASE("every flipped bit of a good signature is noticed") {
  const Sha256 good = *parse_sha256_hex(kDigest);
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Sha256 bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1u << (bit % 8)));
    REQUIRE_FALSE(is_signed_by(kSecret, kBody, bad));
  }
}

// RFC 4231, §4.2 to §4.8; case 5 gives only the first 128 bits.
TEST_CASE("RFC 4231") {
  const std::string aa131(131, '\xaa');
  std::string counted;
  for (char c = 1; c <= 25; ++c) counted += c;
  struct Vector {
    std::string key, data, digest;
  };
  const std::vector<Vector> vectors = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {counted, std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {aa131, "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {aa131,
       "This is a test using a larger than block-size key and a larger than block-size data. The "
       "key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const Vector& vector : vectors) {
    CAPTURE(vector.data);
    CHECK(verifies({signature(vector.digest)}, vector.key, vector.data));
  }
  const Sha256 truncated = hmac_sha256(std::string(20, '\x0c'), "Test With Truncation");
  CHECK(hex(truncated).substr(0, 32) == "a3b6167473100ee06e0c796c2955552b");
}

TEST_CASE("content types of senders") {
  for (const char* type : {"application/json", "application/json; charset=utf-8",
                           "application/vnd.github+json", "application/x-www-form-urlencoded"}) {
    CAPTURE(type);
    CHECK(is_webhook_content_type(type));
  }
  for (const char* type : {"", "text/plain", "text/json", "multipart/form-data", "image/x+json",
                           "application/jsonp"}) {
    CAPTURE(type);
    CHECK_FALSE(is_webhook_content_type(type));
  }
}

TEST_CASE("the delivery id, GitHub's first") {
  Request request;
  CHECK(*delivery_id(request) == "");
  request.headers = {{"x-delivery-id", "c"}, {"webhook-id", "b"}};
  CHECK(*delivery_id(request) == "b");
  request.headers.push_back({"x-github-delivery", "a"});
  CHECK(*delivery_id(request) == "a");
  request.headers.push_back({"x-github-delivery", "a"});
  CHECK(delivery_id(request).error().kind == ErrorKind::kInvalid);
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("\xc3\xa4"),
                                 std::string(limits::kDeliveryIdBytes + 1, 'a')}) {
    request.headers = {{"x-github-delivery", bad}};
    CAPTURE(bad);
    CHECK(delivery_id(request).error().kind == ErrorKind::kInvalid);
  }
}

}  // namespace
}  // namespace pawl::http
