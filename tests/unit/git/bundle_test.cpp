#include "git/bundle.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>

#include "base/digest.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::size_t kHeaderBytes = 20;
constexpr std::size_t kDigestBytes = 32;
const std::string kRevision(40, 'a');

PullReply sample() {
  PullReply reply;
  reply.clone_sound = true;
  reply.result.revision = kRevision;
  reply.result.files = {
      {"a.yaml", "name: a\n"}, {"team/b.yml", std::string("\0\xff\n bytes", 9)}, {"z.yaml", ""}};
  reply.result.problems = {{"link.yaml", 0, 0, "is a symbolic link"}, {"x\ny.yaml", 7, 9, "odd"}};
  return reply;
}

// The bundle with another payload, correctly framed: what a child that an attacker runs can send.
std::string reframe(const std::string& payload) {
  const std::string whole = encode_bundle(PullReply{});
  std::string bytes = whole.substr(0, kHeaderBytes - 8);
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(payload.size() >> (8 * i) & 0xff);
  const Sha256 digest = sha256(payload);
  return bytes + payload + std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

std::string payload_of(const std::string& bundle) {
  return bundle.substr(kHeaderBytes, bundle.size() - kHeaderBytes - kDigestBytes);
}

void check_promises(const PullReply& reply) {
  if (reply.failed) {
    CHECK(reply.error.message.size() <= limits::kMessageBytes);
    return;
  }
  CHECK((reply.result.revision.size() == 40 || reply.result.revision.size() == 64));
  CHECK(reply.result.files.size() <= limits::kSourceFiles);
  CHECK(reply.result.problems.size() <= limits::kSourceProblems);
  for (std::size_t i = 0; i < reply.result.files.size(); ++i) {
    const PulledFile& file = reply.result.files[i];
    CHECK(is_plain_relative_path(file.path));
    CHECK(file.content.size() <= limits::kPipelineFileBytes);
    if (i > 0) CHECK(reply.result.files[i - 1].path < file.path);
  }
  if (reply.result.unchanged) CHECK(reply.result.files.empty());
}

TEST_CASE("a reply comes back as it was") {
  const auto decoded = decode_bundle(encode_bundle(sample()));
  REQUIRE(decoded.ok());
  const PullReply expected = sample();
  CHECK_FALSE(decoded->failed);
  CHECK(decoded->clone_sound);
  CHECK_FALSE(decoded->result.unchanged);
  CHECK(decoded->result.revision == expected.result.revision);
  REQUIRE(decoded->result.files.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(decoded->result.files[i].path == expected.result.files[i].path);
    CHECK(decoded->result.files[i].content == expected.result.files[i].content);
  }
  CHECK(decoded->result.problems == expected.result.problems);
}

TEST_CASE("an error and an unchanged reply come back as they were") {
  PullReply failed;
  failed.failed = true;
  failed.error = Error{ErrorKind::kDenied, "no entry", "https://host/x"};
  const auto error = decode_bundle(encode_bundle(failed));
  REQUIRE(error.ok());
  CHECK(error->failed);
  CHECK_FALSE(error->clone_sound);
  CHECK(error->error.kind == ErrorKind::kDenied);
  CHECK(error->error.text() == "https://host/x: no entry");

  PullReply same;
  same.result.revision = std::string(64, '0');
  same.result.unchanged = true;
  const auto unchanged = decode_bundle(encode_bundle(same));
  REQUIRE(unchanged.ok());
  CHECK(unchanged->result.unchanged);
}

TEST_CASE("long texts are cut so that what is encoded can be decoded") {
  PullReply failed;
  failed.failed = true;
  failed.error = Error{ErrorKind::kInvalid, std::string(100'000, 'm'), std::string(100'000, 'c')};
  const auto error = decode_bundle(encode_bundle(failed));
  REQUIRE(error.ok());
  CHECK(error->error.message.size() == limits::kMessageBytes);
}

TEST_CASE("the largest allowed reply fits") {
  PullReply reply;
  reply.result.revision = kRevision;
  const std::size_t full = limits::kSourceBytes / limits::kPipelineFileBytes;
  for (std::size_t i = 0; i < limits::kSourceFiles; ++i) {
    std::string path(limits::kSourcePathBytes, 'p');
    path.replace(0, 8, std::to_string(10'000'000 + i));
    reply.result.files.push_back(
        {path, std::string(i < full ? limits::kPipelineFileBytes : 0, 'x')});
  }
  for (std::size_t i = 0; i < limits::kSourceProblems; ++i) {
    reply.result.problems.push_back({std::string(limits::kSourcePathBytes, 'f'), 1, 1,
                                     std::string(limits::kMessageBytes, 'm')});
  }
  const std::string bytes = encode_bundle(reply);
  CHECK(bytes.size() <= bundle_bytes_max());
  CHECK(decode_bundle(bytes).ok());
}

TEST_CASE("over a bound is refused") {
  const auto kind_of = [](const PullReply& reply) {
    const auto decoded = decode_bundle(encode_bundle(reply));
    REQUIRE_FALSE(decoded.ok());
    return decoded.error().kind;
  };
  PullReply files = sample();
  files.result.files.clear();
  for (std::size_t i = 0; i <= limits::kSourceFiles; ++i) {
    files.result.files.push_back({std::to_string(100'000 + i), ""});
  }
  CHECK(kind_of(files) == ErrorKind::kTooLarge);
  PullReply bytes = sample();
  bytes.result.files.clear();
  for (std::size_t i = 0; i <= limits::kSourceBytes / limits::kPipelineFileBytes; ++i) {
    bytes.result.files.push_back(
        {std::to_string(100'000 + i), std::string(limits::kPipelineFileBytes, 'x')});
  }
  CHECK(kind_of(bytes) == ErrorKind::kTooLarge);
  PullReply problems = sample();
  problems.result.problems.resize(limits::kSourceProblems + 1);
  CHECK(kind_of(problems) == ErrorKind::kTooLarge);
  PullReply content = sample();
  content.result.files[0].content.resize(limits::kPipelineFileBytes + 1);
  CHECK(kind_of(content) == ErrorKind::kCorrupt);
}

TEST_CASE("replies that contradict themselves are refused") {
  const auto is_refused = [](const PullReply& reply) {
    return !decode_bundle(encode_bundle(reply)).ok();
  };
  for (const std::string path :
       {"../x.yaml", "/etc/x.yaml", "a//b", "a/./b", "a/", "", ".", "a\nb"}) {
    CAPTURE(path);
    PullReply reply = sample();
    reply.result.files = {{path, ""}};
    CHECK(is_refused(reply));
  }
  PullReply unsorted = sample();
  std::swap(unsorted.result.files[0], unsorted.result.files[1]);
  CHECK(is_refused(unsorted));
  PullReply twice = sample();
  twice.result.files[1].path = twice.result.files[0].path;
  CHECK(is_refused(twice));
  PullReply unchanged = sample();
  unchanged.result.unchanged = true;
  CHECK(is_refused(unchanged));
  for (const std::string revision : {"", "abc", "A123456789012345678901234567890123456789"}) {
    PullReply reply = sample();
    reply.result.revision = revision;
    CHECK(is_refused(reply));
  }
}

TEST_CASE("every torn, changed or lengthened bundle is refused") {
  const std::string whole = encode_bundle(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(decode_bundle(std::string_view(whole).substr(0, size)).ok());
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x01);
    CHECK_FALSE(decode_bundle(changed).ok());
  }
  CHECK_FALSE(decode_bundle(whole + "x").ok());
  CHECK_FALSE(decode_bundle(whole + whole).ok());
  CHECK(decode_bundle(std::string(bundle_bytes_max() + 1, 'x')).error().kind ==
        ErrorKind::kTooLarge);
}

TEST_CASE("every torn payload in a sound frame is refused") {
  const std::string payload = payload_of(encode_bundle(sample()));
  CHECK(decode_bundle(reframe(payload)).ok());
  for (std::size_t size = 0; size < payload.size(); ++size) {
    CHECK_FALSE(decode_bundle(reframe(payload.substr(0, size))).ok());
  }
  CHECK_FALSE(decode_bundle(reframe(payload + '\0')).ok());
}

// A seeded fuzz of what lies behind the checksum: hostile bytes, correctly framed.
TEST_CASE("random payloads end in an error or in a reply that keeps its promises") {
  std::size_t accepted = 0;
  for (std::uint32_t seed = 1; seed <= 60'000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto below = [&](std::size_t bound) {
      return static_cast<std::size_t>(random()) % bound;
    };
    PullReply reply = sample();
    if (below(4) == 0) {
      reply.failed = true;
      reply.error = Error{ErrorKind::kTimeout, "late", "x"};
    }
    std::string payload = payload_of(encode_bundle(reply));
    for (std::size_t edits = 1 + below(6); edits > 0 && !payload.empty(); --edits) {
      const std::size_t at = below(payload.size());
      switch (below(5)) {
        case 0:
          payload[at] = static_cast<char>(random());
          break;
        case 1:
          payload[at] = static_cast<char>(payload[at] ^ (1u << below(8)));
          break;
        case 2:
          payload.erase(at, 1 + below(8));
          break;
        case 3:
          payload.insert(at, payload.substr(below(payload.size()), below(12)));
          break;
        default:
          for (std::size_t i = at; i < std::min(at + 4, payload.size()); ++i) payload[i] = '\xff';
      }
    }
    const auto decoded = decode_bundle(reframe(payload));
    if (!decoded) {
      CHECK((decoded.error().kind == ErrorKind::kCorrupt ||
             decoded.error().kind == ErrorKind::kTooLarge));
      continue;
    }
    ++accepted;
    check_promises(*decoded);
    // What was accepted is one thing only: it encodes to a bundle that decodes to the same.
    const auto again = decode_bundle(encode_bundle(*decoded));
    REQUIRE(again.ok());
    CHECK(encode_bundle(*again) == encode_bundle(*decoded));
  }
  // Or the fuzz would only ever see the first check.
  CHECK(accepted > 1'000);
}

}  // namespace
}  // namespace pawl
