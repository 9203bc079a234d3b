// F17, first version: many seeded lives of an agent, each with crashes, lost and repeated events. A
// failing seed is printed; PAWL_SIM_SEED=N runs that one alone, PAWL_SIM_SEEDS=N sets how many.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "sim/simulation.h"

namespace {

std::uint64_t number_from(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("no seed breaks an invariant of the core") {
  const std::uint64_t only = number_from("PAWL_SIM_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : number_from("PAWL_SIM_SEEDS", 10'000);
  std::size_t runs = 0;
  std::size_t crashes = 0;
  std::size_t starts = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const pawl::sim::SimulationResult result = pawl::sim::Simulation(seed).run();
    runs += result.runs;
    crashes += result.crashes;
    starts += result.starts;
    for (const std::string& violation : result.violations) {
      FAIL_CHECK("seed " << seed << ": " << violation);
    }
    if (!result.violations.empty()) break;
  }
  MESSAGE("seeds " << first << ".." << last << ": " << runs << " runs, " << starts
                   << " containers, " << crashes << " crashes");
  CHECK(runs > 0);
}
