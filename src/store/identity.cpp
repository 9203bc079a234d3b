#include "store/identity.h"

#include "base/digest.h"
#include "base/log.h"
#include "store/chain_table.h"
#include "store/run_table.h"

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
  if (format >= 1 && format <= kStoreFormat) return {};
  return Error{ErrorKind::kInvalid,
               "the store has format " + std::to_string(format) +
                   "; this pawl knows formats up to " + std::to_string(kStoreFormat) +
                   ": use the pawl that wrote it, or a newer one",
               directory};
}

Result<void> put_if_changed(Transaction& txn, const Record& record) {
  PAWL_TRY(const auto present, txn.get(record.table, record.key));
  if (present == record.value) return {};
  return txn.put(record.table, record.key, record.value);
}

std::string hex_of(const PublicKey& key) {
  return hex(std::string_view(reinterpret_cast<const char*>(key.data()), key.size()));
}

Result<void> establish_chain(Transaction& txn, const SigningKey& key,
                             const std::optional<Predecessor>& predecessor) {
  PAWL_TRY(ChainWriter chain, ChainWriter::open(txn));
  if (chain.is_missing()) {
    DamageLog unused;
    PAWL_TRY(const LastRun last, read_last_run(txn, unused));
    chain.begin(last.id);
  } else if (chain.head().key != PublicKey{} && chain.head().key != key.public_key()) {
    PAWL_CHECK(chain.note("new key", "host key " + hex_of(key.public_key()) + " in place of " +
                                         hex_of(chain.head().key)));
  }
  if (predecessor) PAWL_CHECK(chain.note("set aside", "damaged store " + predecessor->file));
  return chain.finish(key);
}

Result<std::vector<std::string>> find_former(const Transaction& txn) {
  PAWL_TRY(const auto value, txn.get(Table::kMeta, kFormerInstancesKey));
  if (!value) return std::vector<std::string>();
  auto former = decode_former_instances(*value);
  if (former) return former;
  log_warning("a stored record is set aside", {{"why", former.error().text()}});
  return std::vector<std::string>();
}

// What the two copies say together.
Result<Found> settle_identity(const Transaction& txn, const std::string& directory,
                              const std::optional<InstanceFile>& file, bool may_be_empty) {
  PAWL_TRY(Found found, find_identity(txn));
  if (found.is_empty && file && !may_be_empty) return data_is_gone(directory);
  if (found.damage) log_warning("a stored record is set aside", {{"why", found.damage->text()}});
  if (found.is_empty) found.format = kStoreFormat;
  if (found.is_empty && !file) found.instance_id = random_hex(kInstanceIdBytes);
  if (!found.format && file) found.format = file->format;
  if (!found.instance_id && file) found.instance_id = file->instance_id;
  if (!found.format || !found.instance_id) {
    return found.damage.value_or(
        Error{ErrorKind::kCorrupt, "the store does not say which one it is", directory});
  }
  PAWL_CHECK(check_known(*found.format, directory));
  return found;
}

Result<Identity> write_identity(Environment& environment, const std::string& directory,
                                const std::optional<InstanceFile>& file, const SigningKey& key,
                                const std::optional<Predecessor>& predecessor) {
  PAWL_TRY(Transaction txn, environment.write());
  PAWL_TRY(const Found found, settle_identity(txn, directory, file, predecessor.has_value()));
  PAWL_CHECK(put_if_changed(txn, encode_format(kStoreFormat)));
  PAWL_CHECK(put_if_changed(txn, encode_instance(*found.instance_id)));
  if (predecessor) PAWL_CHECK(put_if_changed(txn, encode_last_run(predecessor->last)));
  PAWL_CHECK(establish_chain(txn, key, predecessor));
  PAWL_TRY(std::vector<std::string> former, find_former(txn));
  PAWL_CHECK(txn.commit());
  if (found.is_empty) PAWL_CHECK(sync_directory(directory));
  if (!file || file->format != kStoreFormat || file->instance_id != *found.instance_id) {
    // On a full disk an old store still has to open.
    const auto written = write_instance_file(directory, {kStoreFormat, *found.instance_id});
    if (!written) log_warning("cannot write a file", {{"why", written.error().text()}});
  }
  return Identity{*found.instance_id, std::move(former)};
}

// For a store whose pages are damaged where something would have to be written.
Result<Identity> read_identity(const Environment& environment, const std::string& directory,
                               const std::optional<InstanceFile>& file) {
  PAWL_TRY(const Transaction txn, environment.read());
  PAWL_TRY(const Found found, settle_identity(txn, directory, file, false));
  if (*found.format != kStoreFormat) {
    return Error{ErrorKind::kCorrupt, "the store is damaged and cannot be upgraded", directory};
  }
  PAWL_TRY(std::vector<std::string> former, find_former(txn));
  return Identity{*found.instance_id, std::move(former)};
}

}  // namespace

Result<Identity> establish_identity(Environment& environment, const std::string& directory,
                                    const std::optional<InstanceFile>& file, const SigningKey& key,
                                    const std::optional<Predecessor>& predecessor) {
  auto identity = write_identity(environment, directory, file, key, predecessor);
  if (identity || identity.error().kind != ErrorKind::kCorrupt || predecessor) return identity;
  auto known = read_identity(environment, directory, file);
  if (!known) return identity;
  log_warning("the store cannot be written to", {{"why", identity.error().text()}});
  return known;
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
