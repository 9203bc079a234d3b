// Maps behind one mutex. A transaction collects what it is given and changes nothing before
// commit(), so that a dropped transaction, or a failed commit, leaves no trace.
#include "support/fake_store.h"

#include <algorithm>
#include <cstdio>
#include <type_traits>

namespace pawl {
namespace {

bool is_stored_name(const std::string& name) {
  return !name.empty() && name.size() <= limits::kNameBytes && name.find('\0') == std::string::npos;
}

Result<void> check_name(const std::string& name) {
  if (is_stored_name(name)) return {};
  return Error{ErrorKind::kInvalid, "a name must have 1 to 63 bytes and no NUL", name};
}

Result<void> check(const Command& command) {
  if (const auto* save = std::get_if<SaveRun>(&command)) {
    if (save->run.id.value == 0) return Error{ErrorKind::kInvalid, "a run needs an id", {}};
    return check_name(save->run.pipeline);
  }
  if (const auto* save = std::get_if<SaveTrigger>(&command)) {
    if (save->identity.empty() || save->identity.size() > limits::kIdentityBytes) {
      return Error{ErrorKind::kInvalid, "a trigger's identity must have 1 to 512 bytes", {}};
    }
    return check_name(save->pipeline);
  }
  if (const auto* save = std::get_if<SaveScheduleMark>(&command)) return check_name(save->pipeline);
  if (const auto* save = std::get_if<SavePipeline>(&command)) {
    return check_name(save->pipeline->name);
  }
  if (const auto* save = std::get_if<SaveSource>(&command)) return check_name(save->state.name);
  if (const auto* save = std::get_if<SaveSuspension>(&command)) return check_name(save->pipeline);
  PAWL_ASSERT(!is_effect(command));
  return {};
}

std::int64_t cost(const LogRecord& record) {
  return static_cast<std::int64_t>(record.text.size()) + 16;
}

std::int64_t text_bytes(const std::vector<LogRecord>& records) {
  std::int64_t sum = 0;
  for (const LogRecord& record : records) sum += static_cast<std::int64_t>(record.text.size());
  return sum;
}

LogRecord gap_record(std::int64_t bytes, std::int64_t time_ns) {
  char size[32];
  if (bytes < 1000) {
    std::snprintf(size, sizeof size, "%lld bytes", static_cast<long long>(bytes));
  } else if (bytes < 1'000'000) {
    std::snprintf(size, sizeof size, "%.1f kB", static_cast<double>(bytes) / 1e3);
  } else {
    std::snprintf(size, sizeof size, "%.1f MB", static_cast<double>(bytes) / 1e6);
  }
  return {LogStream::kPawl, time_ns, std::string("[pawl: ") + size + " left out here]\n"};
}

}  // namespace

class FakeTransaction : public StoreTransaction {
 public:
  explicit FakeTransaction(FakeStore& store) : store_(store) {}
  FakeTransaction(const FakeTransaction&) = delete;
  FakeTransaction& operator=(const FakeTransaction&) = delete;
  ~FakeTransaction() override {
    if (!open_) return;
    std::lock_guard lock(store_.mutex_);
    store_.transaction_open_ = false;
  }

  Result<std::optional<RunId>> find_trigger(const std::string& pipeline,
                                            const std::string& identity) override {
    PAWL_ASSERT(open_);
    const FakeStore::TriggerKey key{pipeline, identity};
    if (auto own = triggers_.find(key); own != triggers_.end()) return std::optional(own->second);
    std::lock_guard lock(store_.mutex_);
    auto stored = store_.triggers_.find(key);
    if (stored == store_.triggers_.end()) return std::optional<RunId>();
    return std::optional(stored->second.run);
  }

  Result<void> apply(const Command& command) override {
    PAWL_ASSERT(open_);
    PAWL_CHECK(check(command));
    if (const auto* save = std::get_if<SaveTrigger>(&command)) {
      triggers_[{save->pipeline, save->identity}] = save->run;
    }
    pending_.emplace_back(command);
    return {};
  }

  Result<void> append_log(const LogChunk& chunk) override {
    PAWL_ASSERT(open_);
    for (const LogRecord& record : chunk.records) {
      if (record.text.size() > limits::kLogChunkBytes) {
        return Error{ErrorKind::kTooLarge, "a log record is over 64 KiB", {}};
      }
    }
    pending_.emplace_back(chunk);
    return {};
  }

  Result<void> commit() override {
    PAWL_ASSERT(open_);
    std::lock_guard lock(store_.mutex_);
    open_ = false;
    store_.transaction_open_ = false;
    if (auto error = FakeStore::take(store_.commit_failure_)) return *error;
    for (const auto& item : pending_) {
      if (const auto* command = std::get_if<Command>(&item)) store_.apply_locked(*command);
      if (const auto* chunk = std::get_if<LogChunk>(&item)) store_.append_locked(*chunk);
    }
    ++store_.commits_;
    return {};
  }

 private:
  FakeStore& store_;
  bool open_ = true;
  std::vector<std::variant<Command, LogChunk>> pending_;
  std::map<FakeStore::TriggerKey, RunId> triggers_;
};

FakeStore::FakeStore(std::int64_t log_limit_bytes) : log_limit_bytes_(log_limit_bytes) {}

Result<std::unique_ptr<StoreTransaction>> FakeStore::begin() {
  std::lock_guard lock(mutex_);
  PAWL_ASSERT(!transaction_open_);
  if (auto error = take(begin_failure_)) return *error;
  transaction_open_ = true;
  return std::unique_ptr<StoreTransaction>(std::make_unique<FakeTransaction>(*this));
}

void FakeStore::apply_locked(const Command& command) {
  std::visit(
      [&](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, SaveDefinition>) {
          definitions_.try_emplace(content_hash(*body.definition), body.definition);
        } else if constexpr (std::is_same_v<Body, SaveRun>) {
          save_run_locked(body.run);
        } else if constexpr (std::is_same_v<Body, SaveTask>) {
          tasks_[{body.task.run, body.task.index}] = body.task;
        } else if constexpr (std::is_same_v<Body, SaveAttempt>) {
          attempts_[body.attempt.key] = body.attempt;
        } else if constexpr (std::is_same_v<Body, SaveTrigger>) {
          const auto run = runs_.find(body.run);
          triggers_[{body.pipeline, body.identity}] = {
              body.run, run == runs_.end() ? WallTime{} : run->second.created_at};
        } else if constexpr (std::is_same_v<Body, SaveScheduleMark>) {
          schedule_marks_[body.pipeline] = body.tick;
        } else if constexpr (std::is_same_v<Body, SavePipeline>) {
          definitions_.try_emplace(content_hash(*body.pipeline), body.pipeline);
          pipelines_[body.pipeline->name] = body.pipeline;
        } else if constexpr (std::is_same_v<Body, DeletePipeline>) {
          pipelines_.erase(body.name);
        } else if constexpr (std::is_same_v<Body, SaveSource>) {
          sources_[body.state.name] = body.state;
        } else if constexpr (std::is_same_v<Body, DeleteSource>) {
          sources_.erase(body.name);
        } else if constexpr (std::is_same_v<Body, SaveSuspension>) {
          suspensions_[body.pipeline] = body.suspension;
        } else if constexpr (std::is_same_v<Body, DeleteSuspension>) {
          suspensions_.erase(body.pipeline);
        } else if constexpr (std::is_same_v<Body, SaveAction>) {
          actions_.push_back(body.action);
        }
      },
      command);
}

void FakeStore::save_run_locked(const Run& run) {
  runs_[run.id] = run;
  last_run_ = std::max(last_run_, run.id);
  highest_time_ = std::max(highest_time_, run.created_at);
}

void FakeStore::append_locked(const LogChunk& chunk) {
  StoredLog& log = logs_[chunk.key];
  const std::int64_t half = log_limit_bytes_ / 2;
  for (const LogRecord& record : chunk.records) {
    if (!log.head_is_full && log.head_bytes + cost(record) > half) log.head_is_full = true;
    auto& part = log.head_is_full ? log.tail : log.head;
    auto& part_bytes = log.head_is_full ? log.tail_bytes : log.head_bytes;
    part.push_back({log.next_sequence++, {record}, cost(record)});
    part_bytes += cost(record);
    if (record.stream == LogStream::kPawl) continue;
    if (record.time_ns > log.position.last_time_ns) log.position = {record.time_ns, 0};
    if (record.time_ns == log.position.last_time_ns) ++log.position.records_at_last;
  }
  auto kept = log.tail.begin();
  for (; kept != log.tail.end() && log.tail_bytes > half; ++kept) {
    log.tail_bytes -= kept->bytes;
    log.dropped_bytes += text_bytes(kept->records);
    log.dropped_time_ns = kept->records.back().time_ns;
  }
  log.tail.erase(log.tail.begin(), kept);
}

Result<RunPage> FakeStore::runs(const RunQuery& query) const {
  std::lock_guard lock(mutex_);
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, limits::kPageRows);
  RunPage page;
  auto end = query.before ? runs_.lower_bound(*query.before) : runs_.end();
  for (auto it = std::make_reverse_iterator(end); it != runs_.rend(); ++it) {
    const Run& run = it->second;
    if (damaged_runs_.contains(run.id)) continue;
    if (query.pipeline && run.pipeline != *query.pipeline) continue;
    if (query.status && run.status != *query.status) continue;
    if (query.trigger && run.trigger.kind != *query.trigger) continue;
    if (query.since.is_set() && run.created_at < query.since) continue;
    if (page.runs.size() == limit) {
      page.next = page.runs.back().id;
      break;
    }
    page.runs.push_back(run);
  }
  return page;
}

Result<RunDetail> FakeStore::detail_locked(RunId id, std::vector<std::string>& damaged) const {
  auto found = runs_.find(id);
  if (found == runs_.end()) {
    return Error{ErrorKind::kNotFound, "no run " + id.text() + " is stored", {}};
  }
  if (damaged_runs_.contains(id)) {
    return Error{ErrorKind::kCorrupt, "the stored record of run " + id.text() + " is damaged", {}};
  }
  RunDetail detail{found->second, {}, {}};
  for (auto it = tasks_.lower_bound({id, 0}); it != tasks_.end() && it->first.first == id; ++it) {
    if (damaged_tasks_.contains(it->first)) {
      damaged.push_back("the stored record of run " + id.text() + ", task " +
                        std::to_string(it->first.second) + " is damaged");
      continue;
    }
    detail.tasks.push_back(it->second);
  }
  for (auto it = attempts_.lower_bound({id, 0, 0}); it != attempts_.end() && it->first.run == id;
       ++it) {
    detail.attempts.push_back(it->second);
  }
  return detail;
}

Result<RunDetail> FakeStore::run(RunId id) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> damaged;
  auto detail = detail_locked(id, damaged);
  if (!damaged.empty()) return Error{ErrorKind::kCorrupt, damaged.front(), {}};
  return detail;
}

Result<PipelinePtr> FakeStore::definition(const Sha256& hash) const {
  std::lock_guard lock(mutex_);
  auto found = definitions_.find(hash);
  if (found == definitions_.end()) {
    return Error{ErrorKind::kNotFound, "no definition " + hex(hash) + " is stored", {}};
  }
  if (damaged_definitions_.contains(hash)) {
    return Error{ErrorKind::kCorrupt, "the stored definition " + hex(hash) + " is damaged", {}};
  }
  return found->second;
}

Result<std::vector<PipelinePtr>> FakeStore::pipelines() const {
  std::lock_guard lock(mutex_);
  std::vector<PipelinePtr> all;
  for (const auto& [name, pipeline] : pipelines_) all.push_back(pipeline);
  return all;
}

Result<std::vector<SourceState>> FakeStore::sources() const {
  std::lock_guard lock(mutex_);
  std::vector<SourceState> all;
  for (const auto& [name, source] : sources_) all.push_back(source);
  return all;
}

Result<LogPage> FakeStore::log(const AttemptKey& key, const LogCursor& from,
                               std::size_t max_bytes) const {
  std::lock_guard lock(mutex_);
  LogPage page;
  page.next = from;
  auto found = logs_.find(key);
  if (found == logs_.end()) return page;
  const StoredLog& log = found->second;
  const std::uint64_t tail_first = log.tail.empty() ? log.next_sequence : log.tail.front().sequence;
  std::int64_t bytes = 0;
  const auto fits = [&](const LogRecord& record) {
    bytes += cost(record);
    return page.records.empty() || bytes <= static_cast<std::int64_t>(max_bytes);
  };
  const auto add = [&](const std::vector<StoredChunk>& part) {
    for (const StoredChunk& chunk : part) {
      const std::uint32_t skip = chunk.sequence == page.next.chunk ? page.next.record : 0;
      if (chunk.sequence < page.next.chunk || skip > 0) continue;
      if (!fits(chunk.records.front())) return false;
      page.records.push_back(chunk.records.front());
      page.next = {chunk.sequence, 1};
    }
    return true;
  };
  page.at_end = false;
  if (!add(log.head)) return page;
  // A reader that had come to the end of the last dropped chunk missed nothing.
  const bool missed_none = page.next.chunk + 1 == tail_first && page.next.record > 0;
  if (log.dropped_bytes > 0 && page.next.chunk < tail_first && !missed_none) {
    const LogRecord gap = gap_record(log.dropped_bytes, log.dropped_time_ns);
    if (!fits(gap)) return page;
    page.records.push_back(gap);
    page.next = {tail_first, 0};
  }
  page.at_end = add(log.tail);
  return page;
}

Result<LogPosition> FakeStore::log_position(const AttemptKey& key) const {
  std::lock_guard lock(mutex_);
  auto found = logs_.find(key);
  return found == logs_.end() ? LogPosition{} : found->second.position;
}

std::vector<Action> FakeStore::actions() const {
  std::lock_guard lock(mutex_);
  return actions_;
}

Result<StoredWorld> FakeStore::load() const {
  std::lock_guard lock(mutex_);
  StoredWorld world;
  world.last_run = last_run_;
  for (const auto& [name, pipeline] : pipelines_) world.pipelines.push_back(pipeline);
  for (const auto& mark : schedule_marks_) world.schedule_marks.push_back(mark);
  for (const auto& [name, source] : sources_) world.sources.push_back(source);
  for (const auto& suspension : suspensions_) world.suspensions.push_back(suspension);
  world.highest_time = highest_time_;
  for (const auto& [id, run] : runs_) {
    if (is_final(run.status)) continue;
    auto detail = detail_locked(id, world.damaged);
    if (!detail) {
      world.damaged.push_back(detail.error().text());
      continue;
    }
    auto definition = definitions_.find(run.definition);
    const bool readable =
        definition != definitions_.end() && !damaged_definitions_.contains(run.definition);
    if (!readable) world.damaged.push_back("run " + id.text() + ": its definition cannot be read");
    world.unfinished.push_back(std::move(*detail));
    world.unfinished_definitions.push_back(readable ? definition->second : nullptr);
  }
  return world;
}

std::set<RunId> FakeStore::victims_locked(const KeepRules& rules, WallTime now) const {
  std::set<RunId> victims;
  std::map<std::string, std::uint32_t> kept;
  for (auto it = runs_.rbegin(); it != runs_.rend(); ++it) {
    const Run& run = it->second;
    if (!is_final(run.status)) continue;
    const bool is_old =
        rules.age_ms > 0 && now.is_set() && run.ended_at.plus_ms(rules.age_ms) <= now;
    const bool is_one_too_many =
        rules.runs_per_pipeline > 0 && ++kept[run.pipeline] > rules.runs_per_pipeline;
    if (is_old || is_one_too_many) victims.insert(run.id);
  }
  return victims;
}

void FakeStore::remove_run_locked(RunId id) {
  runs_.erase(id);
  std::erase_if(tasks_, [&](const auto& task) { return task.first.first == id; });
  std::erase_if(attempts_, [&](const auto& attempt) { return attempt.first.run == id; });
  std::erase_if(logs_, [&](const auto& log) { return log.first.run == id; });
}

Result<bool> FakeStore::prune(const KeepRules& rules, WallTime now) {
  std::lock_guard lock(mutex_);
  PAWL_ASSERT(!transaction_open_);
  std::size_t removed = 0;
  bool more = false;
  for (RunId id : victims_locked(rules, now)) {
    more = removed == limits::kPruneRuns;
    if (more) break;
    remove_run_locked(id);
    ++removed;
  }
  std::erase_if(triggers_, [&](const auto& trigger) {
    return now.is_set() && !runs_.contains(trigger.second.run) &&
           trigger.second.accepted_at.plus_ms(limits::kDedupeWindowMs) < now;
  });
  return more;
}

bool FakeStore::has_room() {
  std::lock_guard lock(mutex_);
  return has_room_;
}

std::vector<std::string> FakeStore::warnings() const {
  std::lock_guard lock(mutex_);
  return warnings_;
}

std::vector<std::string> FakeStore::former_instances() const {
  std::lock_guard lock(mutex_);
  return former_instances_;
}

void FakeStore::set_room(bool has_room) {
  std::lock_guard lock(mutex_);
  has_room_ = has_room;
}

void FakeStore::set_warnings(std::vector<std::string> warnings) {
  std::lock_guard lock(mutex_);
  warnings_ = std::move(warnings);
}

void FakeStore::set_former_instances(std::vector<std::string> ids) {
  std::lock_guard lock(mutex_);
  former_instances_ = std::move(ids);
}

std::optional<Error> FakeStore::take(Failure& failure) {
  if (failure.count == 0) return std::nullopt;
  --failure.count;
  return failure.error;
}

void FakeStore::fail_begin(Error error, int count) {
  std::lock_guard lock(mutex_);
  begin_failure_ = {std::move(error), count};
}

void FakeStore::fail_commit(Error error, int count) {
  std::lock_guard lock(mutex_);
  commit_failure_ = {std::move(error), count};
}

void FakeStore::damage_run(RunId id) {
  std::lock_guard lock(mutex_);
  damaged_runs_.insert(id);
}

void FakeStore::damage_task(RunId id, std::uint32_t index) {
  std::lock_guard lock(mutex_);
  damaged_tasks_.insert({id, index});
}

void FakeStore::damage_definition(const Sha256& hash) {
  std::lock_guard lock(mutex_);
  damaged_definitions_.insert(hash);
}

std::uint64_t FakeStore::commits() const {
  std::lock_guard lock(mutex_);
  return commits_;
}

}  // namespace pawl
