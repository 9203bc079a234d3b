#include "store/record.h"

#include <utility>

#include "store/bytes.h"
#include "store/checksum.h"

namespace pawl::store {
namespace {

std::uint32_t checksum(Table table, std::string_view key, std::uint8_t version,
                       std::string_view body) {
  const char number = static_cast<char>(table);
  const char version_byte = static_cast<char>(version);
  std::uint32_t sum = crc32c({&number, 1});
  sum = crc32c(key, sum);
  sum = crc32c({&version_byte, 1}, sum);
  return crc32c(body, sum);
}

}  // namespace

std::uint8_t record_version(Table table) {
  switch (table) {
    case Table::kRuns:
    case Table::kAttempts:
    case Table::kSources:
      return 3;
    case Table::kTasks:
      return 2;
    default:
      return 1;
  }
}

Result<Record> make_record(Table table, std::string key, std::string_view body,
                           std::size_t max_bytes) {
  if (body.size() > max_bytes) {
    return Error{ErrorKind::kTooLarge,
                 "a record of " + std::to_string(body.size()) +
                     " bytes is over the store's limit of " + std::to_string(max_bytes),
                 describe(table, key)};
  }
  std::string value = seal(table, key, body);
  return Record{table, std::move(key), std::move(value)};
}

std::string seal(Table table, std::string_view key, std::string_view body) {
  ByteWriter out;
  const std::uint8_t version = record_version(table);
  out.u8(version);
  out.u32(checksum(table, key, version, body));
  out.raw(body);
  return out.take();
}

Result<Body> unseal(Table table, std::string_view key, std::string_view value) {
  ByteReader in(value);
  const std::uint8_t version = in.u8();
  const std::uint32_t stored = in.u32();
  if (in.failed()) return damaged(table, key, "it is cut off");
  const std::string_view body = value.substr(kFrameBytes);
  if (checksum(table, key, version, body) != stored) {
    return damaged(table, key, "its checksum does not match");
  }
  if (version == 0 || version > record_version(table)) {
    return damaged(table, key,
                   "it has version " + std::to_string(version) + ", which this pawl does not know");
  }
  return Body{version, body};
}

Error damaged(Table table, std::string_view key, std::string_view why) {
  return {ErrorKind::kCorrupt, "the stored record is damaged: " + std::string(why),
          describe(table, key)};
}

}  // namespace pawl::store
