#include "store/bytes.h"

#include "base/result.h"

namespace pawl::store {

void ByteWriter::integer(std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) u8(static_cast<std::uint8_t>(value >> (8 * i)));
}

void ByteWriter::text(std::string_view value) {
  PAWL_ASSERT(value.size() <= UINT32_MAX);
  u32(static_cast<std::uint32_t>(value.size()));
  raw(value);
}

std::uint64_t ByteReader::integer(std::size_t width) {
  const std::string_view bytes = raw(width);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
  }
  return value;
}

bool ByteReader::flag() {
  const std::uint8_t value = u8();
  if (value > 1) failed_ = true;
  return !failed_ && value == 1;
}

std::string_view ByteReader::raw(std::size_t length) {
  if (failed_ || length > rest_.size()) {
    failed_ = true;
    return {};
  }
  const std::string_view bytes = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return bytes;
}

std::string_view ByteReader::text_view() {
  const std::uint32_t length = u32();
  return raw(length);
}

std::size_t ByteReader::count(std::size_t item_bytes) {
  const std::size_t items = u32();
  if (failed_ || items > rest_.size() / item_bytes) {
    failed_ = true;
    return 0;
  }
  return items;
}

}  // namespace pawl::store
