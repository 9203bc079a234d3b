// What goes wrong in a simulated life, and what the world does to it meanwhile.
#include "model/limits.h"
#include "sim/simulation.h"
#include "sim/trace.h"

namespace pawl::sim {

void Simulation::inject_faults() {
  Random& random = life_.random;
  if (agent_.is_alive() && random.one_in(40)) agent_.crash();
  if (!agent_.is_alive() && random.one_in(8)) reboot();
  if (random.one_in(30)) engine_.reachable = !engine_.reachable;
  if (random.one_in(60)) engine_.lose_one();
  if (random.one_in(80)) {
    if (life_.traced) trace_line(life_, "the engine is restarted");
    engine_.restart(random.one_in(2));
  }
  if (random.one_in(40)) set_clock();
  if (random.one_in(50)) change_pipelines();
  change_disk();
}

// An hour either way, a little, years ahead; or right again.
void Simulation::set_clock() {
  Random& random = life_.random;
  const std::int64_t hour_ms = 3'600'000;
  std::int64_t offset_ms = life_.clock.offset_ms();
  if (offset_ms > 100 * hour_ms) {
    offset_ms = 0;
  } else if (random.one_in(25)) {
    offset_ms = 10 * 365 * 24 * hour_ms;
  } else if (random.one_in(3)) {
    offset_ms += random.between(-limits::kClockBackMs, limits::kClockJumpMs);
  } else {
    offset_ms = random.between(-hour_ms, hour_ms);
  }
  life_.clock.synchronised = !random.one_in(4);
  life_.clock.set_wrong_by(offset_ms);
  if (life_.traced) trace_line(life_, "the clock is set to " + format_rfc3339(life_.clock.wall()));
}

// With its agent down, the host is restarted. Its clock may have lost the time.
void Simulation::reboot() {
  life_.clock.reboot();
  engine_.reboot();
  engine_.reachable = true;
  if (life_.random.one_in(3)) set_clock();
  if (life_.random.one_in(2)) life_.clock.synchronised = false;
  if (life_.traced) trace_line(life_, "the host is restarted");
}

void Simulation::change_pipelines() {
  if (!agent_.is_alive() || flooded_) return;
  std::vector<std::string> names = names_;
  // One is gone for a while, or one is written anew.
  if (life_.random.one_in(3)) {
    names.erase(names.begin() + static_cast<std::ptrdiff_t>(life_.random.below(names.size())));
    return publish(names, {});
  }
  publish(names, life_.random.pick(names_));
}

void Simulation::change_disk() {
  Random& random = life_.random;
  if (random.one_in(agent_.store_fails ? 6 : 150)) agent_.store_fails = !agent_.store_fails;
  if (random.one_in(agent_.is_tight ? 10 : 150)) agent_.is_tight = !agent_.is_tight;
}

}  // namespace pawl::sim
