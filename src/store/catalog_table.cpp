#include "store/catalog_table.h"

#include <memory>

#include "store/run_codec.h"

namespace pawl::store {
namespace {

Result<void> put_record(Transaction& txn, const Result<Record>& record) {
  if (!record) return record.error();
  return txn.put(record->table, record->key, record->value);
}

// All records of a table, decoded, in the order of their keys.
template <typename Value, typename Decode>
Result<std::vector<Value>> list_all(const Transaction& txn, Table table, Decode decode,
                                    const SetAside& set_aside) {
  std::vector<Value> all;
  PAWL_TRY(Cursor cursor, txn.cursor(table));
  PAWL_TRY(bool found, cursor.next());
  while (found) {
    if (auto value = decode(cursor.key(), cursor.value())) {
      all.push_back(std::move(value).value());
    } else {
      set_aside(value.error());
    }
    PAWL_TRY(found, cursor.next());
  }
  return all;
}

Result<PipelinePtr> with_origin(PipelinePtr definition, const Origin& origin) {
  if (definition->origin == origin) return definition;
  Pipeline moved = *definition;
  moved.origin = origin;
  return PipelinePtr(std::make_shared<const Pipeline>(std::move(moved)));
}

}  // namespace

Result<Sha256> put_definition(Transaction& txn, const Pipeline& definition) {
  const Sha256 hash = content_hash(definition);
  const std::string key = hash_key(hash);
  PAWL_TRY(const auto present, txn.get(Table::kDefinitions, key));
  if (present && unseal(Table::kDefinitions, key, *present)) return hash;
  PAWL_CHECK(put_record(txn, encode_definition(hash, definition)));
  return hash;
}

Result<PipelinePtr> read_definition(const Transaction& txn, const Sha256& hash) {
  const std::string key = hash_key(hash);
  PAWL_TRY(const auto value, txn.get(Table::kDefinitions, key));
  if (!value) {
    return Error{ErrorKind::kNotFound, "it is not stored", describe(Table::kDefinitions, key)};
  }
  return decode_definition(key, *value);
}

Result<PipelinePtr> DefinitionCache::read(const Transaction& txn, const Sha256& hash) {
  if (const auto known = known_.find(hash); known != known_.end()) return known->second;
  PAWL_TRY(PipelinePtr definition, read_definition(txn, hash));
  known_.emplace(hash, definition);
  return definition;
}

Result<void> put_pipeline(Transaction& txn, const Pipeline& pipeline) {
  PAWL_CHECK(check_name("a pipeline", pipeline.name));
  PAWL_TRY(const Sha256 hash, put_definition(txn, pipeline));
  return put_record(txn, encode_pipeline({pipeline.name, hash, pipeline.origin}));
}

Result<void> remove_pipeline(Transaction& txn, const std::string& name) {
  PAWL_CHECK(check_name("a pipeline", name));
  return txn.remove(Table::kPipelines, name);
}

Result<std::vector<PipelinePtr>> list_pipelines(const Transaction& txn,
                                                DefinitionCache& definitions,
                                                const SetAside& set_aside) {
  PAWL_TRY(const auto stored,
           list_all<StoredPipeline>(txn, Table::kPipelines, decode_pipeline, set_aside));
  std::vector<PipelinePtr> pipelines;
  for (const StoredPipeline& pipeline : stored) {
    auto definition = definitions.read(txn, pipeline.definition);
    if (!definition) {
      set_aside({definition.error().kind, definition.error().text(),
                 describe(Table::kPipelines, pipeline.name)});
      continue;
    }
    PAWL_TRY(auto placed, with_origin(std::move(definition).value(), pipeline.origin));
    pipelines.push_back(std::move(placed));
  }
  return pipelines;
}

Result<void> put_trigger(Transaction& txn, const std::string& pipeline, const std::string& identity,
                         RunId run) {
  StoredTrigger trigger{pipeline, identity, run, {}};
  const std::string key = run_key(run);
  PAWL_TRY(const auto value, txn.get(Table::kRuns, key));
  if (value) {
    if (const auto stored = decode_run(key, *value)) trigger.accepted_at = stored->run.created_at;
  }
  return put_record(txn, encode_trigger(trigger));
}

Result<std::optional<RunId>> find_trigger(const Transaction& txn, const std::string& pipeline,
                                          const std::string& identity) {
  const std::string key = trigger_key(pipeline, identity);
  PAWL_TRY(const auto value, txn.get(Table::kTriggers, key));
  if (!value) return std::optional<RunId>();
  PAWL_TRY(const StoredTrigger trigger, decode_trigger(key, *value));
  return std::optional(trigger.run);
}

Result<void> put_schedule_mark(Transaction& txn, const ScheduleMark& mark) {
  return put_record(txn, encode_schedule_mark(mark));
}

Result<std::vector<ScheduleMark>> list_schedule_marks(const Transaction& txn,
                                                      const SetAside& set_aside) {
  return list_all<ScheduleMark>(txn, Table::kScheduleMarks, decode_schedule_mark, set_aside);
}

Result<void> put_suspension(Transaction& txn, const StoredSuspension& suspension) {
  return put_record(txn, encode_suspension(suspension));
}

Result<void> remove_suspension(Transaction& txn, const std::string& pipeline) {
  PAWL_CHECK(check_name("a pipeline", pipeline));
  return txn.remove(Table::kSuspensions, pipeline);
}

Result<std::vector<StoredSuspension>> list_suspensions(const Transaction& txn,
                                                       const SetAside& set_aside) {
  return list_all<StoredSuspension>(txn, Table::kSuspensions, decode_suspension, set_aside);
}

Result<void> put_source(Transaction& txn, const SourceState& source) {
  return put_record(txn, encode_source(source));
}

Result<void> remove_source(Transaction& txn, const std::string& name) {
  PAWL_CHECK(check_name("a source", name));
  return txn.remove(Table::kSources, name);
}

Result<std::vector<SourceState>> list_sources(const Transaction& txn, const SetAside& set_aside) {
  return list_all<SourceState>(txn, Table::kSources, decode_source, set_aside);
}

}  // namespace pawl::store
