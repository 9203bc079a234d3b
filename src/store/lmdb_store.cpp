// The port's three classes, put together from the tables. Reading is the same for the agent's store and for the
// CLI's reader, so that both inherit it from one template. Each read is a transaction of its own that ends with the
// call: a snapshot that is held keeps LMDB from reusing pages, and the file grows.
#include "store/lmdb_store.h"

#include <sys/stat.h>

#include <atomic>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/log.h"
#include "store/catalog_table.h"
#include "store/chain_table.h"
#include "store/damage_log.h"
#include "store/damaged_store.h"
#include "store/directory.h"
#include "store/environment.h"
#include "store/host_key.h"
#include "store/identity.h"
#include "store/log_table.h"
#include "store/probe.h"
#include "store/run_table.h"
#include "store/upkeep.h"

namespace pawl {
namespace {

using store::DamageLog;
using store::DirectoryLock;
using store::Environment;
using store::RunChange;
using store::Transaction;
using store::Upkeep;

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
  LmdbTransaction(Transaction txn, std::int64_t log_limit_bytes, DamageLog& damage, Upkeep& upkeep,
                  std::atomic<bool>& transaction_is_open)
      : txn_(std::move(txn)),
        log_limit_bytes_(log_limit_bytes),
        damage_(damage),
        upkeep_(upkeep),
        transaction_is_open_(transaction_is_open) {}
  LmdbTransaction(const LmdbTransaction&) = delete;
  LmdbTransaction& operator=(const LmdbTransaction&) = delete;
  ~LmdbTransaction() override {
    if (is_open_) upkeep_.note_failed(txn_);
    end();
  }

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
    auto result = extend_chain();
    if (result) {
      result = txn_.commit();
    } else {
      txn_.abandon();
    }
    if (result) {
      upkeep_.note_committed(txn_);
      for (const auto& [run, change] : changes_) note_change(run, change);
    } else {
      upkeep_.note_failed(txn_);
    }
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
  Result<void> put(const SaveRun& save) {
    PAWL_TRY(const RunChange change, store::put_run(txn_, save.run, damage_));
    has_ended_[save.run.id] = is_final(save.run.status);
    if (change != RunChange::kNone) changes_[save.run.id] = {save.run.pipeline, change};
    return {};
  }
  Result<void> put(const SaveTask& save) {
    has_ended_.try_emplace(save.task.run);
    return store::put_task(txn_, save.task);
  }
  Result<void> put(const SaveAttempt& save) {
    has_ended_.try_emplace(save.attempt.key.run);
    return store::put_attempt(txn_, save.attempt);
  }
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
  Result<void> put(const SaveSuspension& save) {
    return store::put_suspension(txn_, {save.pipeline, save.suspension});
  }
  Result<void> put(const DeleteSuspension& command) {
    return store::remove_suspension(txn_, command.pipeline);
  }
  Result<void> put(const SaveAction& save) {
    actions_.push_back(save.action);
    return {};
  }
  // Named one by one, so that a new command does not compile before it is stored.
  Result<void> put(const RunAttempt&) { refuse_effect(); }
  Result<void> put(const PrepareAttempt&) { refuse_effect(); }
  Result<void> put(const SignalAttempt&) { refuse_effect(); }
  Result<void> put(const RemoveContainer&) { refuse_effect(); }
  Result<void> put(const RemoveWorkspace&) { refuse_effect(); }
  Result<void> put(const Reply&) { refuse_effect(); }
  [[noreturn]] static void refuse_effect() {
    panic("an effect is nothing that can be stored", __FILE__, __LINE__);
  }

  struct Change {
    std::string pipeline;
    RunChange kind = RunChange::kNone;
  };

  // What people did, and the runs of this transaction that have ended, as they are after its last write. A run that
  // had ended before and is changed once more is sealed anew.
  Result<void> extend_chain() {
    std::vector<RunId> ended;
    for (const auto& [run, known] : has_ended_) {
      bool is_ended = known.value_or(false);
      if (!known) {
        PAWL_TRY(is_ended, store::has_ended(txn_, run));
      }
      if (is_ended) ended.push_back(run);
    }
    if (ended.empty() && actions_.empty()) return {};
    PAWL_TRY(store::ChainWriter chain, store::ChainWriter::open(txn_));
    for (const Action& action : actions_) PAWL_CHECK(chain.append(action));
    for (RunId run : ended) PAWL_CHECK(chain.append_run(run));
    return chain.finish(upkeep_.key());
  }

  void note_change(RunId run, const Change& change) {
    if (change.kind == RunChange::kEnded) {
      upkeep_.retention().note_ended(change.pipeline, run);
    } else {
      upkeep_.retention().recount(change.pipeline);
    }
  }

  Transaction txn_;
  const std::int64_t log_limit_bytes_;
  DamageLog& damage_;
  Upkeep& upkeep_;
  std::atomic<bool>& transaction_is_open_;
  // Runs that were written to; nothing: only a task or an attempt of it was.
  std::map<RunId, std::optional<bool>> has_ended_;
  std::map<RunId, Change> changes_;
  std::vector<Action> actions_;
  bool is_open_ = true;
};

class LmdbStore : public Reading<Store> {
 public:
  LmdbStore(DirectoryLock lock, std::unique_ptr<Environment> environment, store::Identity identity,
            SigningKey key, const StoreOptions& options)
      : Reading(std::move(lock), std::move(environment)),
        identity_(std::move(identity)),
        log_limit_bytes_(options.log_limit_bytes),
        upkeep_(options.directory, options.map_bytes, std::move(key)) {}

  Result<std::unique_ptr<StoreTransaction>> begin() override {
    PAWL_ASSERT(!transaction_is_open_);
    PAWL_CHECK(upkeep_.before_write(*environment_));
    transaction_is_open_ = true;
    auto txn = environment_->write();
    if (!txn) {
      transaction_is_open_ = false;
      return std::move(txn).error();
    }
    return std::unique_ptr<StoreTransaction>(std::make_unique<LmdbTransaction>(
        std::move(txn).value(), log_limit_bytes_, damage_, upkeep_, transaction_is_open_));
  }

  // Each part, and each run, in a snapshot of its own: a damaged page spoils the snapshot that meets it, and is then
  // named without taking the rest along.
  Result<StoredWorld> load() const override {
    StoredWorld world;
    const store::SetAside set_aside = [&](const Error& error) {
      world.damaged.push_back(error.text());
      damage_.count(error);
    };
    if (const std::size_t missing = environment_->missing_bytes(); missing > 0) {
      set_aside({ErrorKind::kCorrupt,
                 std::to_string(missing) + " bytes at the end of the store's file were cut off",
                 {}});
    }
    {
      // Without it, old numbers would be handed out again.
      PAWL_TRY(const Transaction txn, environment_->read());
      PAWL_TRY(const store::LastRun last, store::read_last_run(txn, damage_));
      world.last_run = last.id;
      world.highest_time = last.created_high;
    }
    store::DefinitionCache definitions;
    PAWL_CHECK(load_part(world.pipelines, set_aside, [&](const Transaction& txn) {
      return store::list_pipelines(txn, definitions, set_aside);
    }));
    PAWL_CHECK(load_part(world.schedule_marks, set_aside, [&](const Transaction& txn) {
      return store::list_schedule_marks(txn, set_aside);
    }));
    PAWL_CHECK(load_part(world.suspensions, set_aside, [&](const Transaction& txn) {
      return store::list_suspensions(txn, set_aside);
    }));
    PAWL_CHECK(load_part(world.sources, set_aside, [&](const Transaction& txn) {
      return store::list_sources(txn, set_aside);
    }));
    PAWL_CHECK(load_unfinished(world, definitions, set_aside));
    return world;
  }

  const std::string& instance_id() const override { return identity_.instance_id; }
  std::vector<std::string> former_instances() const override { return identity_.former; }
  Result<bool> prune(const KeepRules& rules, WallTime now) override {
    PAWL_ASSERT(!transaction_is_open_);
    return upkeep_.prune(*environment_, rules, now);
  }
  bool has_room() override { return upkeep_.has_room(*environment_); }
  std::vector<std::string> warnings() const override { return upkeep_.warnings(damage_); }

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

  const store::Identity identity_;
  const std::int64_t log_limit_bytes_;
  Upkeep upkeep_;
  std::atomic<bool> transaction_is_open_ = false;
};

// The file only says that there is a store; when it is damaged, it still says that.
Result<std::optional<store::InstanceFile>> find_instance_file(const std::string& directory) {
  auto file = store::read_instance_file(directory);
  if (file || file.error().kind != ErrorKind::kCorrupt) return file;
  log_warning("a file of the store is damaged", {{"why", file.error().text()}});
  return std::optional<store::InstanceFile>();
}

struct Opened {
  std::unique_ptr<Environment> environment;
  store::Identity identity;
};

Result<Opened> open_data(const StoreOptions& options,
                         const std::optional<store::InstanceFile>& file, const SigningKey& key,
                         const std::optional<store::Predecessor>& predecessor) {
  const std::size_t map_bytes = store::Room::map_bytes(options.map_bytes);
  PAWL_TRY(auto environment, Environment::open({options.directory, map_bytes, false, true}));
  PAWL_TRY(store::Identity identity,
           store::establish_identity(*environment, options.directory, file, key, predecessor));
  PAWL_CHECK(store::probe(*environment));
  return Opened{std::move(environment), std::move(identity)};
}

// An agent that does not start runs nothing: what LMDB cannot open is kept, and a new store takes its place. Only where
// the file `instance` still says whose containers are ours, and there is a file to keep: one that is not there may be on a
// disk that is not mounted.
Result<Opened> open_or_replace(const StoreOptions& options,
                               const std::optional<store::InstanceFile>& file,
                               const SigningKey& key) {
  const std::string& directory = options.directory;
  auto opened = store::check_data_present(directory, file)
                    ? open_data(options, file, key, {})
                    : Result<Opened>(store::data_is_gone(directory));
  if (!opened && opened.error().kind == ErrorKind::kExhausted) {
    // Opening an old store may have to write.
    store::Ballast(directory, options.map_bytes).give_up();
    opened = open_data(options, file, key, {});
  }
  struct stat info {};
  const bool is_there = ::stat(store::data_path(directory).c_str(), &info) == 0;
  if (opened || opened.error().kind != ErrorKind::kCorrupt || !file || !is_there) return opened;
  PAWL_TRY(const std::string name, store::move_data_aside(directory, "damaged"));
  log_error("the store is damaged and set aside; a new one is begun",
            {{"file", name}, {"why", opened.error().text()}});
  const store::LastRun last = store::salvage_last_run(directory + "/" + name);
  store::drop_old_damaged(directory);
  return open_data(options, file, key, store::Predecessor{name, last});
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const StoreOptions& options) {
  const std::string& directory = options.directory;
  PAWL_CHECK(store::prepare_directory(directory));
  PAWL_TRY(DirectoryLock lock, DirectoryLock::exclusive(directory));
  PAWL_TRY(const auto file, find_instance_file(directory));
  PAWL_TRY(SigningKey key, store::establish_host_key(directory));
  PAWL_TRY(Opened opened, open_or_replace(options, file, key));
  return std::unique_ptr<Store>(
      std::make_unique<LmdbStore>(std::move(lock), std::move(opened.environment),
                                  std::move(opened.identity), std::move(key), options));
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
