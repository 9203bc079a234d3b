// The logs of attempts, inside a transaction: appended in chunks, kept within a limit, read page by page.
//
// What is kept: the first half of the limit (the head) and the last half (the tail); what falls out between them is
// counted and shown as one kPawl record. A chunk that is damaged is shown as a kPawl record; a damaged summary is made
// again from the chunks.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "model/log_chunk.h"
#include "ports/store.h"
#include "store/damage_log.h"
#include "store/environment.h"

namespace pawl::store {

// Error: kTooLarge for a text over limits::kLogChunkBytes.
[[nodiscard]] Result<void> append_log(Transaction& txn, const LogChunk& chunk,
                                      std::int64_t limit_bytes, DamageLog& damage);

// An attempt without a log has an empty page.
[[nodiscard]] Result<LogPage> read_log(const Transaction& txn, const AttemptKey& attempt,
                                       const LogCursor& from, std::size_t max_bytes,
                                       DamageLog& damage);

[[nodiscard]] Result<LogPosition> read_log_position(const Transaction& txn,
                                                    const AttemptKey& attempt, DamageLog& damage);

}  // namespace pawl::store
