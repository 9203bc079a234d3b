// Definitions, pipelines in force, triggers, schedule marks and sources, inside a transaction.
//
// Damage: listings leave a damaged record out and hand its error to `set_aside`; direct reads return kCorrupt.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/pipeline.h"
#include "model/source.h"
#include "store/catalog_codec.h"
#include "store/environment.h"
#include "store/set_aside.h"

namespace pawl::store {

// Writes nothing when it is there already and not damaged. Returns its hash. kTooLarge.
[[nodiscard]] Result<Sha256> put_definition(Transaction& txn, const Pipeline& definition);
// kNotFound, kCorrupt.
[[nodiscard]] Result<PipelinePtr> read_definition(const Transaction& txn, const Sha256& hash);

// Reads each definition once, for callers that need many. Definitions never change: it outlives snapshots.
class DefinitionCache {
 public:
  [[nodiscard]] Result<PipelinePtr> read(const Transaction& txn, const Sha256& hash);

 private:
  std::map<Sha256, PipelinePtr> known_;
};

[[nodiscard]] Result<void> put_pipeline(Transaction& txn, const Pipeline& pipeline);
[[nodiscard]] Result<void> remove_pipeline(Transaction& txn, const std::string& name);
[[nodiscard]] Result<std::vector<PipelinePtr>> list_pipelines(const Transaction& txn,
                                                              DefinitionCache& definitions,
                                                              const SetAside& set_aside);

[[nodiscard]] Result<void> put_trigger(Transaction& txn, const std::string& pipeline,
                                       const std::string& identity, RunId run);
[[nodiscard]] Result<std::optional<RunId>> find_trigger(const Transaction& txn,
                                                        const std::string& pipeline,
                                                        const std::string& identity);

[[nodiscard]] Result<void> put_schedule_mark(Transaction& txn, const ScheduleMark& mark);
[[nodiscard]] Result<std::vector<ScheduleMark>> list_schedule_marks(const Transaction& txn,
                                                                    const SetAside& set_aside);

[[nodiscard]] Result<void> put_suspension(Transaction& txn, const StoredSuspension& suspension);
[[nodiscard]] Result<void> remove_suspension(Transaction& txn, const std::string& pipeline);
[[nodiscard]] Result<std::vector<StoredSuspension>> list_suspensions(const Transaction& txn,
                                                                     const SetAside& set_aside);

[[nodiscard]] Result<void> put_source(Transaction& txn, const SourceState& source);
[[nodiscard]] Result<void> remove_source(Transaction& txn, const std::string& name);
[[nodiscard]] Result<std::vector<SourceState>> list_sources(const Transaction& txn,
                                                            const SetAside& set_aside);

}  // namespace pawl::store
