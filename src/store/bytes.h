// Writing and reading the bytes of stored records: fixed-width little-endian integers, texts with a length before
// them. Reading is bounds-checked throughout: damaged or hostile bytes end as failed(), never as a wrong access
// or a large allocation. Values; any thread for distinct objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace pawl::store {

class ByteWriter {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void u32(std::uint32_t value) { integer(value, sizeof value); }
  void u64(std::uint64_t value) { integer(value, sizeof value); }
  void i32(std::int32_t value) { u32(static_cast<std::uint32_t>(value)); }
  void i64(std::int64_t value) { u64(static_cast<std::uint64_t>(value)); }
  void flag(bool value) { u8(value ? 1 : 0); }
  // Length (u32), then the bytes.
  void text(std::string_view value);
  // The bytes alone.
  void raw(std::string_view value) { bytes_.append(value); }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  void integer(std::uint64_t value, std::size_t width);

  std::string bytes_;
};

// Once a read went wrong, it and all later ones return zero values; ask failed() or at_end() at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  [[nodiscard]] std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  [[nodiscard]] std::uint64_t u64() { return integer(8); }
  [[nodiscard]] std::int32_t i32() { return static_cast<std::int32_t>(u32()); }
  [[nodiscard]] std::int64_t i64() { return static_cast<std::int64_t>(u64()); }
  // 0 or 1; anything else fails.
  [[nodiscard]] bool flag();
  // An enumeration's number; fails at `count` and over.
  template <typename Enum>
  [[nodiscard]] Enum choice(int count) {
    const std::uint8_t number = u8();
    if (number >= count) failed_ = true;
    return failed_ ? Enum{} : static_cast<Enum>(number);
  }
  [[nodiscard]] std::string text() { return std::string(text_view()); }
  // Valid as long as the bytes given to the constructor.
  [[nodiscard]] std::string_view text_view();
  [[nodiscard]] std::string_view raw(std::size_t length);
  // All that is left.
  [[nodiscard]] std::string_view rest() { return raw(rest_.size()); }
  // A number of items of at least `item_bytes` each: fails when they cannot all be there, so that
  // it is safe to reserve room for them.
  [[nodiscard]] std::size_t count(std::size_t item_bytes);

  [[nodiscard]] bool failed() const { return failed_; }
  // Everything was read, and nothing went wrong.
  [[nodiscard]] bool at_end() const { return !failed_ && rest_.empty(); }

 private:
  std::uint64_t integer(std::size_t width);

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace pawl::store
