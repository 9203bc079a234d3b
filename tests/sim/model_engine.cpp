#include "sim/model_engine.h"

#include <algorithm>
#include <iterator>

#include "sim/world.h"

namespace pawl::sim {

void ModelEngine::start(const AttemptKey& key, const std::string& behaviour) {
  ModelContainer& container = containers.at(key);
  if (container.phase != ModelContainer::Phase::kCreated) return;
  ContainerHistory& record = history[key];
  // Whoever removes a container before its start is recorded leaves nothing to tell that it ran.
  if (++record.starts > 1 && !record.lost) life_.violate("an attempt was started twice");
  for (auto other = containers.lower_bound(AttemptKey{key.run, key.task, 0});
       other != containers.end() && other->first.run == key.run && other->first.task == key.task;
       ++other) {
    if (other->second.phase == ModelContainer::Phase::kRunning) {
      life_.violate("two containers of one task run at once");
    }
  }
  record.started_ms = life_.clock.true_ms();
  record.boot_id = life_.clock.boot_id();
  container.phase = ModelContainer::Phase::kRunning;
  container.started_at = life_.clock.wall();
  container.ends_ms = life_.clock.true_ms() + life_.random.between(1, 8'000);
  if (behaviour == behaviour::kFail) container.exit_code = 1;
  if (behaviour == behaviour::kFlaky) container.exit_code = key.attempt < 2 ? 1 : 0;
  if (behaviour == behaviour::kOom) {
    container.exit_code = 137;
    container.oom_killed = true;
  }
  if (behaviour == behaviour::kLong || behaviour == behaviour::kStubborn) {
    container.ends_ms = life_.clock.true_ms() + 24 * 3'600'000;
    container.ignores_term = behaviour == behaviour::kStubborn;
  }
}

void ModelEngine::end(const AttemptKey& key, ModelContainer& container, std::int32_t exit_code) {
  container.phase = ModelContainer::Phase::kExited;
  container.exit_code = exit_code;
  container.ended_at = life_.clock.wall();
  history[key].exit_code = exit_code;
}

void ModelEngine::signal(const AttemptKey& key, bool kill) {
  const auto found = containers.find(key);
  if (!reachable || found == containers.end()) return;
  ModelContainer& container = found->second;
  if (container.phase != ModelContainer::Phase::kRunning) return;
  if (!kill && container.ignores_term) return;
  container.oom_killed = false;
  end(key, container, kill ? 137 : 143);
}

void ModelEngine::advance() {
  for (auto& [key, container] : containers) {
    if (container.phase != ModelContainer::Phase::kRunning) continue;
    if (container.ends_ms > life_.clock.true_ms()) continue;
    end(key, container, container.exit_code);
    if (container.exit_code == 0) ++history[key].good_ends;
  }
}

std::optional<std::int64_t> ModelEngine::next_end() const {
  std::optional<std::int64_t> next;
  for (const auto& [key, container] : containers) {
    if (container.phase != ModelContainer::Phase::kRunning) continue;
    if (!next || container.ends_ms < *next) next = container.ends_ms;
  }
  return next;
}

void ModelEngine::lose_one() {
  if (containers.empty()) return;
  auto victim = containers.begin();
  std::advance(victim, static_cast<std::ptrdiff_t>(life_.random.below(containers.size())));
  ContainerHistory& record = history[victim->first];
  record.interfered = true;
  record.lost = true;
  containers.erase(victim);
}

void ModelEngine::cut_off_all(ModelContainer::Cut cut) {
  for (auto& [key, container] : containers) {
    if (container.phase != ModelContainer::Phase::kRunning) continue;
    container.cut = cut;
    container.oom_killed = false;
    history[key].interfered = true;
    end(key, container, life_.random.one_in(2) ? 0 : 255);
  }
}

void ModelEngine::restart(bool live_restore) {
  ++incarnation_;
  if (!live_restore) cut_off_all(ModelContainer::Cut::kByEngine);
}

void ModelEngine::reboot() {
  ++incarnation_;
  // Nobody can tell which of them had ended by themselves.
  for (const auto& [key, container] : containers) history[key].interfered = true;
  cut_off_all(ModelContainer::Cut::kByHost);
}

}  // namespace pawl::sim
