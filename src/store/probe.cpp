#include "store/probe.h"

#include <string_view>

#include "store/damage_log.h"
#include "store/run_table.h"
#include "store/tables.h"

namespace pawl::store {

Result<void> probe(const Environment& environment) {
  constexpr std::string_view kLowest("\0", 1);  // LMDB takes no empty key
  for (const Table table : all_tables()) {
    PAWL_TRY(const Transaction txn, environment.read());
    PAWL_TRY(Cursor cursor, txn.cursor(table));
    PAWL_TRY([[maybe_unused]] const bool first, cursor.seek(kLowest));
    PAWL_TRY([[maybe_unused]] const bool last, cursor.last());
  }
  PAWL_TRY(const Transaction txn, environment.read());
  DamageLog damage;
  PAWL_TRY([[maybe_unused]] const LastRun last, read_last_run(txn, damage));
  return {};
}

}  // namespace pawl::store
