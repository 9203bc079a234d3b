// What all parts of one simulated life share: its randomness, its clocks, whether faults still happen, and
// what was found wrong.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "sim/random.h"

namespace pawl::sim {

// True time only ever goes on, and only the model sees it; the agent sees a wall clock that is off by what
// it was set wrong, and a monotonic clock that starts anew with each boot.
class ModelClock {
 public:
  [[nodiscard]] std::int64_t true_ms() const { return true_ms_; }
  [[nodiscard]] WallTime wall() const { return WallTime{kStartMs + true_ms_ + offset_ms_}; }
  [[nodiscard]] MonoTime mono() const { return MonoTime{1'000 + true_ms_ - booted_ms_}; }
  [[nodiscard]] bool is_right() const { return offset_ms_ == 0; }
  // When the wall clock was last set; before the start if never.
  [[nodiscard]] std::int64_t set_at_ms() const { return set_at_ms_; }
  [[nodiscard]] std::string boot_id() const { return "boot-" + std::to_string(boot_); }

  void pass(std::int64_t ms) { true_ms_ += ms; }
  [[nodiscard]] bool was_set_back() const { return set_back_; }
  void set_wrong_by(std::int64_t offset_ms) {
    set_back_ = set_back_ || offset_ms < offset_ms_;
    offset_ms_ = offset_ms;
    set_at_ms_ = true_ms_;
  }
  [[nodiscard]] std::int64_t offset_ms() const { return offset_ms_; }
  void reboot() {
    booted_ms_ = true_ms_;
    ++boot_;
  }

  bool synchronised = true;

 private:
  static constexpr std::int64_t kStartMs = 1'800'000'000'000;  // 2027-01-15T08:00:00Z
  std::int64_t true_ms_ = 0;
  std::int64_t offset_ms_ = 0;
  std::int64_t booted_ms_ = 0;
  std::int64_t set_at_ms_ = -1;
  bool set_back_ = false;
  std::uint64_t boot_ = 1;
};

struct Life {
  explicit Life(std::uint64_t seed) : random(seed) {}

  void violate(std::string what) { violations.push_back(std::move(what)); }
  // True once in `n` times on average, while faults happen.
  bool fault_in(std::uint64_t n) { return faults && random.one_in(n); }

  void note(std::uint64_t fact) { digest = (digest ^ fact) * 0x100000001b3ULL; }  // FNV-1a

  Random random;
  ModelClock clock;
  bool faults = true;
  bool traced = false;  // tell the story on stdout
  std::uint64_t digest = 0xcbf29ce484222325ULL;
  std::vector<std::string> violations;
};

}  // namespace pawl::sim
