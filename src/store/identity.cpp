#include "store/identity.h"

#include "base/digest.h"
#include "base/log.h"
#include "store/catalog_codec.h"

namespace pawl::store {
namespace {

constexpr std::size_t kInstanceIdBytes = 6;  // 12 hex digits

struct Found {
  std::optional<std::uint32_t> format;
  std::optional<std::string> instance_id;
  std::optional<Error> damage;
  bool is_empty = false;  // neither record is there, damaged or not
};

Result<Found> find_identity(const Transaction& txn) {
  Found found;
  PAWL_TRY(const auto format, txn.get(Table::kMeta, kFormatKey));
  PAWL_TRY(const auto instance, txn.get(Table::kMeta, kInstanceKey));
  found.is_empty = !format && !instance;
  if (format) {
    if (const auto number = decode_format(*format)) {
      found.format = *number;
    } else {
      found.damage = number.error();
    }
  }
  if (instance) {
    if (auto id = decode_instance(*instance)) {
      found.instance_id = std::move(id).value();
    } else {
      found.damage = id.error();
    }
  }
  return found;
}

Result<void> check_known(std::uint32_t format, const std::string& directory) {
  if (format == kStoreFormat) return {};
  return Error{ErrorKind::kInvalid,
               "the store has format " + std::to_string(format) + "; this pawl knows format " +
                   std::to_string(kStoreFormat) +
                   " only: use the pawl that wrote it, or a newer one",
               directory};
}

}  // namespace

Result<std::string> establish_identity(Environment& environment, const std::string& directory,
                                       const std::optional<InstanceFile>& file) {
  PAWL_TRY(Transaction txn, environment.write());
  PAWL_TRY(Found found, find_identity(txn));
  const bool is_new = found.is_empty && !file;
  if (found.is_empty && file) return data_is_gone(directory);
  if (found.damage) log_warning("a stored record is set aside", {{"why", found.damage->text()}});
  if (!found.format && file) found.format = file->format;
  if (!found.instance_id && file) found.instance_id = file->instance_id;
  if (is_new) {
    found.format = kStoreFormat;
    found.instance_id = random_hex(kInstanceIdBytes);
  }
  if (!found.format || !found.instance_id) {
    return found.damage.value_or(
        Error{ErrorKind::kCorrupt, "the store does not say which one it is", directory});
  }
  PAWL_CHECK(check_known(*found.format, directory));

  for (const Record& record : {encode_format(*found.format), encode_instance(*found.instance_id)}) {
    PAWL_TRY(const auto present, txn.get(record.table, record.key));
    if (present != record.value) PAWL_CHECK(txn.put(record.table, record.key, record.value));
  }
  PAWL_CHECK(txn.commit());
  if (is_new) PAWL_CHECK(sync_directory(directory));
  if (!file || file->format != *found.format || file->instance_id != *found.instance_id) {
    // On a full disk an old store still has to open.
    const auto written = write_instance_file(directory, {*found.format, *found.instance_id});
    if (!written) log_warning("cannot write a file", {{"why", written.error().text()}});
  }
  return *found.instance_id;
}

Result<void> check_identity(const Environment& environment, const std::string& directory,
                            const std::optional<InstanceFile>& file) {
  PAWL_TRY(const Transaction txn, environment.read());
  PAWL_TRY(const Found found, find_identity(txn));
  if (found.is_empty && file) return data_is_gone(directory);
  if (found.format) return check_known(*found.format, directory);
  if (file) return check_known(file->format, directory);
  if (found.damage) return *found.damage;
  return Error{ErrorKind::kNotFound, "there is no store here yet", directory};
}

}  // namespace pawl::store
