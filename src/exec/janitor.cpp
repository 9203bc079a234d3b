// Signals go before chores. A chore that failed waits its backoff without holding up the next one.
#include "exec/janitor.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "exec/container_spec.h"
#include "exec/engine_error.h"
#include "exec/run_names.h"
#include "model/limits.h"

namespace pawl {

Janitor::Janitor(const Parts& parts) : parts_(parts) {
  thread_ = std::make_unique<WorkerThread>("pawl-janitor", [this] { run(); });
}

Janitor::~Janitor() { stop(); }

void Janitor::stop() {
  stop_.request_stop();
  thread_.reset();
}

void Janitor::signal(std::string container, int signal) {
  {
    std::lock_guard lock(mutex_);
    signals_.push_back(Signal{std::move(container), signal});
  }
  changed_.notify_one();
}

void Janitor::remove(const AttemptKey& key) {
  add(Chore::Kind::kRemove, key, parts_.times.remove_later_ms);
}

void Janitor::remove_workspace(RunId run) {
  add(Chore::Kind::kRemoveWorkspace, AttemptKey{run, 0, 0}, parts_.times.remove_later_ms);
}

void Janitor::list() {
  add(Chore::Kind::kList);
  if (!parts_.former_instances.empty()) add(Chore::Kind::kRemoveFormer);
  if (!parts_.find_run) return;
  add(Chore::Kind::kClearFiles);
  add(Chore::Kind::kClearWorkspaces);
}

void Janitor::add(Chore::Kind kind, const AttemptKey& key, std::int64_t delay_ms) {
  add(Chore{kind, key, Backoff(parts_.times.backoff_ms, parts_.times.backoff_max_ms)}, delay_ms);
}

// A creation that was given up may still be before the engine.
void Janitor::look_again(const Chore& chore) {
  if (chore.again) return;
  Chore later{chore.kind, chore.key, Backoff(parts_.times.backoff_ms, parts_.times.backoff_max_ms)};
  later.again = true;
  // What such a container brought along goes after it.
  const bool workspace = chore.kind == Chore::Kind::kRemoveWorkspace;
  add(std::move(later), workspace ? 2 * parts_.times.backoff_max_ms : parts_.times.backoff_max_ms);
}

void Janitor::add(Chore chore, std::int64_t delay_ms) {
  {
    std::lock_guard lock(mutex_);
    chores_.emplace(std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms),
                    std::move(chore));
  }
  changed_.notify_one();
}

void Janitor::run() {
  const std::stop_token stop = stop_.get_token();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (!signals_.empty()) {
      const Signal signal = std::move(signals_.front());
      signals_.pop_front();
      lock.unlock();
      send(signal);
      lock.lock();
      continue;
    }
    if (chores_.empty()) {
      changed_.wait(lock, stop, [&] { return !signals_.empty() || !chores_.empty(); });
      continue;
    }
    const SteadyTime due = chores_.begin()->first;
    if (std::chrono::steady_clock::now() < due) {
      changed_.wait_until(lock, stop, due, [&] {
        return !signals_.empty() || chores_.empty() || chores_.begin()->first < due;
      });
      continue;
    }
    Chore chore = std::move(chores_.begin()->second);
    chores_.erase(chores_.begin());
    lock.unlock();
    if (const auto done = carry_out(chore); !done) try_later(std::move(chore), done.error());
    lock.lock();
  }
  lock.unlock();
  work_off();
}

// A removal that fails now is made up for by the next agent.
void Janitor::work_off() {
  std::multimap<SteadyTime, Chore> chores;
  {
    std::lock_guard lock(mutex_);
    std::swap(chores, chores_);
  }
  for (const auto& [due, chore] : chores) {
    const bool is_removal =
        chore.kind == Chore::Kind::kRemove || chore.kind == Chore::Kind::kRemoveWorkspace;
    if (!is_removal || chore.again) continue;
    const auto done = carry_out(chore);
    if (!done && (is_away(done.error()) || is_stopped(done.error()))) return;
  }
}

void Janitor::send(const Signal& signal) {
  const auto sent = parts_.engine.kill(signal.container, signal.number, parts_.abandon);
  if (sent || is_stopped(sent.error())) return;
  log_warning("a container could not be signalled",
              {{"container", signal.container}, {"reason", sent.error().message}});
}

Result<void> Janitor::carry_out(const Chore& chore) {
  switch (chore.kind) {
    case Chore::Kind::kRemove:
      return remove_now(chore);
    case Chore::Kind::kList:
      return list_now();
    case Chore::Kind::kRemoveFormer:
      return remove_former();
    case Chore::Kind::kRemoveWorkspace:
      return remove_workspace_now(chore);
    case Chore::Kind::kClearFiles:
      return clear_files();
    case Chore::Kind::kClearWorkspaces:
      return clear_workspaces();
  }
  return {};
}

Result<void> Janitor::remove_now(const Chore& chore) {
  bool found = false;
  PAWL_TRY(const auto containers,
           parts_.engine.list(std::string(kLabelRun), chore.key.run.text(), parts_.abandon));
  for (const ContainerSummary& container : containers) {
    if (attempt_of(container.labels, parts_.instance_id) != chore.key) continue;
    found = true;
    PAWL_CHECK(parts_.engine.remove(container.id, parts_.abandon));
  }
  if (!found) look_again(chore);
  return parts_.files.remove(chore.key);
}

Result<void> Janitor::remove_workspace_now(const Chore& chore) {
  PAWL_CHECK(parts_.sandboxes.remove(chore.key.run, parts_.abandon));
  look_again(chore);
  return {};
}

bool Janitor::is_over(const AttemptKey& key) const {
  const auto detail = parts_.find_run(key.run);
  if (!detail) return detail.error().kind == ErrorKind::kNotFound;
  const auto attempt = std::find_if(detail->attempts.begin(), detail->attempts.end(),
                                    [&](const Attempt& candidate) { return candidate.key == key; });
  return attempt == detail->attempts.end() || is_final(attempt->status);
}

Result<void> Janitor::clear_files() {
  Result<void> result;
  for (const AttemptKey& key : parts_.files.list()) {
    if (!is_over(key)) continue;
    if (auto removed = parts_.files.remove(key); !removed) result = std::move(removed);
  }
  return result;
}

Result<void> Janitor::clear_workspaces() { return parts_.sandboxes.clear(parts_.abandon); }

Result<void> Janitor::list_now() {
  PAWL_TRY(const auto containers,
           parts_.engine.list(std::string(kLabelInstance), parts_.instance_id, parts_.abandon));
  EngineListed listed;
  for (const ContainerSummary& container : containers) {
    if (container.labels.contains(std::string(kLabelSandbox))) continue;
    if (const auto key = attempt_of(container.labels, parts_.instance_id)) {
      listed.containers.push_back(ObservedContainer{*key, container.name});
    } else {
      log_warning("a container has this agent's label, but names no attempt; it is left alone",
                  {{"container", container.name}});
    }
  }
  Event event;
  event.body = std::move(listed);
  parts_.sink.post(std::move(event));
  return {};
}

// One that cannot be removed does not keep the others.
Result<void> Janitor::remove_former() {
  Result<void> result;
  for (const std::string& instance : parts_.former_instances) {
    if (instance.empty() || instance == parts_.instance_id) continue;
    PAWL_TRY(const auto containers,
             parts_.engine.list(std::string(kLabelInstance), instance, parts_.abandon));
    for (const ContainerSummary& container : containers) {
      log_info("a container of the store before it was restored is removed",
               {{"container", container.name}});
      auto removed = parts_.engine.remove(container.id, parts_.abandon);
      if (!removed) result = std::move(removed);
    }
    PAWL_TRY(const auto volumes,
             parts_.engine.list_volumes(std::string(kLabelInstance), instance, parts_.abandon));
    for (const VolumeSummary& volume : volumes) {
      auto removed = parts_.engine.remove_volume(volume.name, parts_.abandon);
      if (!removed) result = std::move(removed);
    }
  }
  return result;
}

std::string_view Janitor::name_of(Chore::Kind kind) {
  switch (kind) {
    case Chore::Kind::kRemove:
      return "a container, or its files";
    case Chore::Kind::kRemoveWorkspace:
      return "a workspace";
    case Chore::Kind::kRemoveFormer:
      return "what the store had before it was restored";
    case Chore::Kind::kClearFiles:
      return "files of attempts";
    case Chore::Kind::kClearWorkspaces:
    case Chore::Kind::kList:
      break;
  }
  return "workspaces";
}

void Janitor::try_later(Chore chore, const Error& error) {
  if (is_stopped(error)) return;
  const bool removal = chore.kind != Chore::Kind::kList;
  if (removal && !is_away(error) && ++chore.refusals >= limits::kRemoveTries) {
    log_warning("what is left of a run cannot be removed; the next start of the agent tries again",
                {{"what", std::string(name_of(chore.kind))},
                 {"run", chore.key.run.value > 0 ? chore.key.run.text() : ""},
                 {"reason", error.text()}});
    return;
  }
  const std::int64_t delay_ms = chore.backoff.next_ms();
  add(std::move(chore), delay_ms);
}

}  // namespace pawl
