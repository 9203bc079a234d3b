// Checksums, byte readers, compression: the ground that the codecs stand on.
#include "store/bytes.h"

#include <doctest/doctest.h>

#include <string>

#include "store/checksum.h"
#include "store/compression.h"
#include "store/record.h"

using namespace pawl;
using namespace pawl::store;

TEST_CASE("CRC-32C gives the values of RFC 3720, B.4") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  std::string rising;
  for (int i = 0; i < 32; ++i) rising.push_back(static_cast<char>(i));
  CHECK(crc32c(rising) == 0x46dd794e);
  CHECK(crc32c(std::string(rising.rbegin(), rising.rend())) == 0x113fdb5c);
}

TEST_CASE("CRC-32C goes on over pieces of any length") {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes.push_back(static_cast<char>(i * 37));
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string_view all = bytes;
    CHECK(crc32c(all.substr(cut), crc32c(all.substr(0, cut))) == crc32c(all));
  }
}

TEST_CASE("what is written is read back") {
  ByteWriter out;
  out.u8(0xfe);
  out.u32(0xdeadbeef);
  out.u64(0x0123456789abcdef);
  out.i32(-5);
  out.i64(INT64_MIN);
  out.flag(true);
  out.text(std::string_view("a\0b", 3));
  out.text("");
  out.raw("rest");
  // Little-endian on every machine.
  CHECK(out.bytes().substr(1, 4) == "\xef\xbe\xad\xde");

  ByteReader in(out.bytes());
  CHECK(in.u8() == 0xfe);
  CHECK(in.u32() == 0xdeadbeef);
  CHECK(in.u64() == 0x0123456789abcdef);
  CHECK(in.i32() == -5);
  CHECK(in.i64() == INT64_MIN);
  CHECK(in.flag());
  CHECK(in.text() == std::string("a\0b", 3));
  CHECK(in.text().empty());
  CHECK_FALSE(in.at_end());
  CHECK(in.rest() == "rest");
  CHECK(in.at_end());
}

TEST_CASE("reading over the end fails, and stays failed") {
  ByteReader in("abc");
  CHECK(in.u32() == 0);
  CHECK(in.failed());
  CHECK(in.u8() == 0);
  CHECK(in.rest().empty());
  CHECK_FALSE(in.at_end());
}

TEST_CASE("lengths and counts that the bytes cannot hold fail without memory being taken") {
  const std::string huge("\xff\xff\xff\xff", 4);
  ByteReader text(huge);
  CHECK(text.text().empty());
  CHECK(text.failed());
  const std::string too_many = huge + "12345678";
  ByteReader count(too_many);
  CHECK(count.count(8) == 0);
  CHECK(count.failed());
  const std::string one = std::string("\1\0\0\0", 4) + "12345678";
  ByteReader fits(one);
  CHECK(fits.count(8) == 1);
  CHECK_FALSE(fits.failed());
}

TEST_CASE("numbers outside an enumeration fail") {
  enum class Two : std::uint8_t { kOne, kTwo };
  ByteReader good("\1");
  CHECK(good.choice<Two>(2) == Two::kTwo);
  ByteReader bad("\2");
  CHECK(bad.choice<Two>(2) == Two::kOne);
  CHECK(bad.failed());
  ByteReader flag("\2");
  CHECK_FALSE(flag.flag());
  CHECK(flag.failed());
}

TEST_CASE("compressed bytes come back, and only with the size that was said") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "line " + std::to_string(i) + "\n";
  const std::string packed = compress(text, 1);
  CHECK(packed.size() < text.size() / 3);
  CHECK(*decompress(packed, text.size()) == text);
  CHECK_FALSE(decompress(packed, text.size() + 1).ok());
  CHECK_FALSE(decompress(packed, text.size() - 1).ok());
  CHECK_FALSE(decompress(packed.substr(0, packed.size() / 2), text.size()).ok());
  CHECK_FALSE(decompress("no zstd at all", 10).ok());
  CHECK(*decompress(compress("", 1), 0) == "");
}

TEST_CASE("a record opens under its own table and key only, and with no bit changed") {
  const std::string key = run_key(RunId{7});
  const std::string value = seal(Table::kRuns, key, "the body");
  CHECK(unseal(Table::kRuns, key, value)->bytes == "the body");
  CHECK_FALSE(unseal(Table::kTasks, key, value).ok());
  CHECK_FALSE(unseal(Table::kRuns, run_key(RunId{8}), value).ok());
  for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string flipped = value;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto opened = unseal(Table::kRuns, key, flipped);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().kind == ErrorKind::kCorrupt);
    CHECK(opened.error().context == "run 7");
  }
  for (std::size_t size = 0; size < value.size(); ++size) {
    CHECK_FALSE(unseal(Table::kRuns, key, value.substr(0, size)).ok());
  }
}

TEST_CASE("a record over its bound is refused") {
  CHECK(make_record(Table::kRuns, "k", "12345", 5).ok());
  const auto refused = make_record(Table::kRuns, run_key(RunId{7}), "123456", 5);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::kTooLarge);
  CHECK(refused.error().context == "run 7");
}
