// The frame around every stored value: version byte, checksum, body. The checksum covers the table and the key as
// well, so that a record under a wrong key is found out like one with wrong bytes.
//
//   offset 0  u8   version of the body's layout
//   offset 1  u32  CRC-32C over table number (u8), key, version (u8), body
//   offset 5  ...  body
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/limits.h"
#include "store/tables.h"

namespace pawl::store {

inline constexpr std::size_t kFrameBytes = 5;

// The version that is written into a table. All earlier ones, from 1 on, are read for ever.
[[nodiscard]] std::uint8_t record_version(Table table);

// What is put into a table.
struct Record {
  Table table = Table::kMeta;
  std::string key;
  std::string value;  // sealed
};

// Error: kTooLarge, when the body is over `max_bytes`.
[[nodiscard]] Result<Record> make_record(Table table, std::string key, std::string_view body,
                                         std::size_t max_bytes = limits::kRecordBytes);

[[nodiscard]] std::string seal(Table table, std::string_view key, std::string_view body);

// What is in the frame; its bytes are valid as long as the value they came in.
struct Body {
  std::uint8_t version = 0;  // 1 to record_version() of its table
  std::string_view bytes;
};

// Error: kCorrupt, naming the record.
[[nodiscard]] Result<Body> unseal(Table table, std::string_view key, std::string_view value);

// The error for a record whose bytes make no sense; `why` is for people.
[[nodiscard]] Error damaged(Table table, std::string_view key, std::string_view why);

}  // namespace pawl::store
