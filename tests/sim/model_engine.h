// A container engine and the machine under it, which outlive the agent. Never more than what Docker promises:
// containers end, are lost behind our back, are cut off by a reboot or by the engine's restart, and
// then the engine may claim that they ended well.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "sim/life.h"

namespace pawl::sim {

struct ModelContainer {
  enum class Phase : std::uint8_t { kCreated, kRunning, kExited } phase = Phase::kCreated;
  enum class Cut : std::uint8_t { kNone, kByEngine, kByHost } cut = Cut::kNone;
  WallTime started_at;
  WallTime ended_at;
  std::int64_t ends_ms = 0;  // by itself, in true time
  std::int32_t exit_code = 0;
  bool oom_killed = false;
  bool ignores_term = false;
};

// What truly happened to one attempt's container, whatever the agent knows of it.
struct ContainerHistory {
  int starts = 0;
  int good_ends = 0;        // exits with 0 of its own
  bool interfered = false;  // lost or cut off
  bool lost = false;        // removed behind our back
  std::int64_t started_ms = 0;
  std::string boot_id;         // of its last start
  std::int32_t exit_code = 0;  // of its last true end
};

class ModelEngine {
 public:
  explicit ModelEngine(Life& life) : life_(life) {}

  void create(const AttemptKey& key) { containers.emplace(key, ModelContainer{}); }
  void start(const AttemptKey& key, const std::string& behaviour);
  void signal(const AttemptKey& key, bool kill);
  void remove(const AttemptKey& key) { containers.erase(key); }
  // Containers whose time has come end.
  void advance();
  // When the next one will end by itself, in true time.
  [[nodiscard]] std::optional<std::int64_t> next_end() const;

  void lose_one();
  // Containers live on with `live_restore`; else they are cut off.
  void restart(bool live_restore);
  void reboot();
  [[nodiscard]] std::string incarnation() const { return "engine-" + std::to_string(incarnation_); }

  std::map<AttemptKey, ModelContainer> containers;
  std::map<AttemptKey, ContainerHistory> history;
  bool reachable = true;

 private:
  void cut_off_all(ModelContainer::Cut cut);
  void end(const AttemptKey& key, ModelContainer& container, std::int32_t exit_code);

  Life& life_;
  std::uint64_t incarnation_ = 1;
};

}  // namespace pawl::sim
