// The port's three classes, put together from the tables. Reading is the same for the agent's store and for the
// CLI's reader, so that both inherit it from one template. Each read is a transaction of its own that ends with the
// call: a snapshot that is held keeps LMDB from reusing pages, and the file grows.
#include "store/lmdb_store.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/log.h"
#include "store/catalog_table.h"
#include "store/damage_log.h"
#include "store/directory.h"
#include "store/environment.h"
#include "store/identity.h"
#include "store/log_table.h"
#include "store/run_table.h"

namespace pawl {
namespace {

using store::DamageLog;
using store::DirectoryLock;
using store::Environment;
using store::Transaction;

template <typename Port>
class Reading : public Port {
 public:
  Reading(std::optional<DirectoryLock> lock, std::unique_ptr<Environment> environment)
      : lock_(std::move(lock)), environment_(std::move(environment)) {}

  Result<RunPage> runs(const RunQuery& query) const override {
    PAWL_TRY(const Transaction txn, environment_->read());
    return store::list_runs(txn, query, damage_);
  }
  Result<RunDetail> run(RunId id) const override {
    PAWL_TRY(const Transaction txn, environment_->read());
    return store::read_run(txn, id);
  }
  Result<PipelinePtr> definition(const Sha256& hash) const override {
    PAWL_TRY(const Transaction txn, environment_->read());
    return store::read_definition(txn, hash);
  }
  Result<std::vector<PipelinePtr>> pipelines() const override {
    PAWL_TRY(const Transaction txn, environment_->read());
    store::DefinitionCache definitions;
    return store::list_pipelines(txn, definitions, reporter());
  }
  Result<std::vector<SourceState>> sources() const override {
    PAWL_TRY(const Transaction txn, environment_->read());
    return store::list_sources(txn, reporter());
  }
  Result<LogPage> log(const AttemptKey& key, const LogCursor& from,
                      std::size_t max_bytes) const override {
    PAWL_TRY(const Transaction txn, environment_->read());
    return store::read_log(txn, key, from, max_bytes, damage_);
  }
  Result<LogPosition> log_position(const AttemptKey& key) const override {
    PAWL_TRY(const Transaction txn, environment_->read());
    return store::read_log_position(txn, key, damage_);
  }

 protected:
  [[nodiscard]] store::SetAside reporter() const {
    return [this](const Error& error) { damage_.report(error); };
  }

  // Before the environment, so that it is let go of after that is closed.
  const std::optional<DirectoryLock> lock_;
  const std::unique_ptr<Environment> environment_;
  mutable DamageLog damage_;
};

// --- writing ---

class LmdbTransaction : public StoreTransaction {
 public:
  LmdbTransaction(Transaction txn, std::int64_t log_limit_bytes, DamageLog& damage,
                  std::atomic<bool>& transaction_is_open)
      : txn_(std::move(txn)),
        log_limit_bytes_(log_limit_bytes),
        damage_(damage),
        transaction_is_open_(transaction_is_open) {}
  LmdbTransaction(const LmdbTransaction&) = delete;
  LmdbTransaction& operator=(const LmdbTransaction&) = delete;
  ~LmdbTransaction() override { end(); }

  Result<std::optional<RunId>> find_trigger(const std::string& pipeline,
                                            const std::string& identity) override {
    return store::find_trigger(txn_, pipeline, identity);
  }

  Result<void> apply(const Command& command) override {
    return std::visit([this](const auto& body) { return put(body); }, command);
  }

  Result<void> append_log(const LogChunk& chunk) override {
    return store::append_log(txn_, chunk, log_limit_bytes_, damage_);
  }

  Result<void> commit() override {
    auto result = txn_.commit();
    end();
    return result;
  }

 private:
  void end() {
    if (std::exchange(is_open_, false)) transaction_is_open_ = false;
  }
  Result<void> put(const SaveDefinition& save) {
    const auto hash = store::put_definition(txn_, *save.definition);
    if (!hash) return hash.error();
    return {};
  }
  Result<void> put(const SaveRun& save) { return store::put_run(txn_, save.run, damage_); }
  Result<void> put(const SaveTask& save) { return store::put_task(txn_, save.task); }
  Result<void> put(const SaveAttempt& save) { return store::put_attempt(txn_, save.attempt); }
  Result<void> put(const SaveTrigger& save) {
    return store::put_trigger(txn_, save.pipeline, save.identity, save.run);
  }
  Result<void> put(const SaveScheduleMark& save) {
    return store::put_schedule_mark(txn_, {save.pipeline, save.tick});
  }
  Result<void> put(const SavePipeline& save) { return store::put_pipeline(txn_, *save.pipeline); }
  Result<void> put(const DeletePipeline& command) {
    return store::remove_pipeline(txn_, command.name);
  }
  Result<void> put(const SaveSource& save) { return store::put_source(txn_, save.state); }
  Result<void> put(const DeleteSource& command) { return store::remove_source(txn_, command.name); }
  Result<void> put(const SaveSuspension&) { return {}; }
  Result<void> put(const DeleteSuspension&) { return {}; }
  Result<void> put(const SaveAction&) { return {}; }
  // Named one by one, so that a new command does not compile before it is stored.
  Result<void> put(const RunAttempt&) { refuse_effect(); }
  Result<void> put(const SignalAttempt&) { refuse_effect(); }
  Result<void> put(const RemoveContainer&) { refuse_effect(); }
  Result<void> put(const Reply&) { refuse_effect(); }
  [[noreturn]] static void refuse_effect() {
    panic("an effect is nothing that can be stored", __FILE__, __LINE__);
  }

  Transaction txn_;
  const std::int64_t log_limit_bytes_;
  DamageLog& damage_;
  std::atomic<bool>& transaction_is_open_;
  bool is_open_ = true;
};

class LmdbStore : public Reading<Store> {
 public:
  LmdbStore(DirectoryLock lock, std::unique_ptr<Environment> environment, std::string instance_id,
            std::int64_t log_limit_bytes)
      : Reading(std::move(lock), std::move(environment)),
        instance_id_(std::move(instance_id)),
        log_limit_bytes_(log_limit_bytes) {}

  Result<std::unique_ptr<StoreTransaction>> begin() override {
    look_after();
    PAWL_ASSERT(!transaction_is_open_.exchange(true));
    auto txn = environment_->write();
    if (!txn) {
      transaction_is_open_ = false;
      return std::move(txn).error();
    }
    return std::unique_ptr<StoreTransaction>(std::make_unique<LmdbTransaction>(
        std::move(txn).value(), log_limit_bytes_, damage_, transaction_is_open_));
  }

  // Each part, and each run, in a snapshot of its own: a damaged page spoils the snapshot that meets it, and is then
  // named without taking the rest along.
  Result<StoredWorld> load() const override {
    StoredWorld world;
    const store::SetAside set_aside = [&](const Error& error) {
      world.damaged.push_back(error.text());
    };
    if (const std::size_t missing = environment_->missing_bytes(); missing > 0) {
      set_aside({ErrorKind::kCorrupt,
                 std::to_string(missing) + " bytes at the end of the store's file were cut off",
                 {}});
    }
    {
      // Without it, old numbers would be handed out again.
      PAWL_TRY(const Transaction txn, environment_->read());
      PAWL_TRY(world.last_run, store::read_last_run(txn, damage_));
    }
    store::DefinitionCache definitions;
    PAWL_CHECK(load_part(world.pipelines, set_aside, [&](const Transaction& txn) {
      return store::list_pipelines(txn, definitions, set_aside);
    }));
    PAWL_CHECK(load_part(world.schedule_marks, set_aside, [&](const Transaction& txn) {
      return store::list_schedule_marks(txn, set_aside);
    }));
    PAWL_CHECK(load_part(world.sources, set_aside, [&](const Transaction& txn) {
      return store::list_sources(txn, set_aside);
    }));
    PAWL_CHECK(load_unfinished(world, definitions, set_aside));
    return world;
  }

  const std::string& instance_id() const override { return instance_id_; }
  std::vector<std::string> former_instances() const override { return {}; }
  Result<bool> prune(const KeepRules&, WallTime) override { return false; }
  bool has_room() override { return true; }
  std::vector<std::string> warnings() const override { return {}; }

  // Every limits::kStoreCheckMs: readers that died are let go of, memory is given back, room is looked at.
  void look_after() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return;
    next_look_ = now + std::chrono::milliseconds(limits::kStoreCheckMs);
    environment_->check_readers();
    environment_->release_memory();
    const auto usage = environment_->usage();
    if (!usage) return;  // the transaction that follows meets the same trouble and reports it
    const std::size_t percent = usage->used_bytes / (usage->map_bytes / 100 + 1);
    const bool is_tight = percent >= limits::kStoreWarnPercent;
    if (is_tight && !was_tight_) {
      log_warning("the store is nearly full; raise state.max_size",
                  {{"used_bytes", std::to_string(usage->used_bytes)},
                   {"max_bytes", std::to_string(usage->map_bytes)}});
    }
    was_tight_ = is_tight;
  }

 private:
  // What is damaged or missing is set aside, and `part` stays as it is; any other error is returned.
  template <typename Part, typename Read>
  Result<void> load_part(Part& part, const store::SetAside& set_aside, Read read) const {
    PAWL_TRY(const Transaction txn, environment_->read());
    Result<Part> found = read(txn);
    if (found) {
      part = std::move(found).value();
      return {};
    }
    const ErrorKind kind = found.error().kind;
    if (kind != ErrorKind::kCorrupt && kind != ErrorKind::kNotFound)
      return std::move(found).error();
    set_aside(found.error());
    return {};
  }

  Result<void> load_unfinished(StoredWorld& world, store::DefinitionCache& definitions,
                               const store::SetAside& set_aside) const {
    std::vector<RunId> ids;
    PAWL_CHECK(load_part(ids, set_aside, store::list_unfinished));
    for (RunId id : ids) {
      RunDetail detail;
      PAWL_CHECK(load_part(detail, set_aside, [&](const Transaction& txn) {
        return store::read_run(txn, id, set_aside);
      }));
      // Only a damaged index names a run that has ended, or none.
      if (detail.run.id != id || is_final(detail.run.status)) continue;
      PipelinePtr definition;
      PAWL_CHECK(
          load_part(definition, set_aside, [&](const Transaction& txn) -> Result<PipelinePtr> {
            auto found = definitions.read(txn, detail.run.definition);
            if (found) return found;
            const Error& why = found.error();
            return Error{why.kind, why.text(), "run " + id.text()};
          }));
      world.unfinished.push_back(std::move(detail));
      world.unfinished_definitions.push_back(std::move(definition));
    }
    return {};
  }

  const std::string instance_id_;
  const std::int64_t log_limit_bytes_;
  std::atomic<bool> transaction_is_open_ = false;
  std::chrono::steady_clock::time_point next_look_;
  bool was_tight_ = false;
};

// The file only says that there is a store; when it is damaged, it still says that.
Result<std::optional<store::InstanceFile>> find_instance_file(const std::string& directory) {
  auto file = store::read_instance_file(directory);
  if (file || file.error().kind != ErrorKind::kCorrupt) return file;
  log_warning("a file of the store is damaged", {{"why", file.error().text()}});
  return std::optional<store::InstanceFile>();
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const StoreOptions& options) {
  const std::string& directory = options.directory;
  PAWL_CHECK(store::prepare_directory(directory));
  PAWL_TRY(DirectoryLock lock, DirectoryLock::exclusive(directory));
  PAWL_TRY(const auto file, find_instance_file(directory));
  PAWL_CHECK(store::check_data_present(directory, file));
  PAWL_TRY(auto environment, Environment::open({directory, options.map_bytes, false, true}));
  PAWL_TRY(std::string instance_id, store::establish_identity(*environment, directory, file));
  auto opened = std::make_unique<LmdbStore>(std::move(lock), std::move(environment),
                                            std::move(instance_id), options.log_limit_bytes);
  opened->look_after();
  return std::unique_ptr<Store>(std::move(opened));
}

Result<std::unique_ptr<StoreReader>> open_store_reader(const std::string& directory) {
  PAWL_TRY(const auto file, find_instance_file(directory));
  PAWL_CHECK(store::check_data_present(directory, file));
  // With the lock no agent writes meanwhile, and a cut-off file can be mended. Without it one runs, which did that.
  const auto lock = DirectoryLock::shared(directory);
  PAWL_TRY(auto environment, Environment::open({directory, 0, true, lock.has_value()}));
  PAWL_CHECK(store::check_identity(*environment, directory, file));
  return std::unique_ptr<StoreReader>(
      std::make_unique<Reading<StoreReader>>(std::nullopt, std::move(environment)));
}

}  // namespace pawl
