// F17: many seeded lives of an agent. A seed that breaks an invariant is printed with the command that plays
// it again in a debugger.
//   PAWL_SIM_SEED=N        that one alone; with PAWL_SIM_TRACE=1 its story on stdout
//   PAWL_SIM_FIRST_SEED=N  from where (1)
//   PAWL_SIM_SEEDS=N       how many (10,000)
#include <doctest/doctest.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "sim/simulation.h"

namespace {

std::uint64_t number_from(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

std::string own_path() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length <= 0 ? "sim-core" : std::string(path, static_cast<std::size_t>(length));
}

// How to play the present seed again, for the signal handler.
std::string replay;

// An assertion of the core ends the process: the seed must be told all the same.
void on_abort(int signal) {
  if (write(STDERR_FILENO, replay.data(), replay.size()) < 0) _exit(1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

TEST_CASE("no seed breaks an invariant of the core") {
  const std::uint64_t only = number_from("PAWL_SIM_SEED", 0);
  const std::uint64_t first = only != 0 ? only : number_from("PAWL_SIM_FIRST_SEED", 1);
  const std::uint64_t count = only != 0 ? 1 : number_from("PAWL_SIM_SEEDS", 10'000);
  const bool traced = number_from("PAWL_SIM_TRACE", 0) != 0;
  std::signal(SIGABRT, on_abort);
  std::size_t runs = 0;
  std::size_t crashes = 0;
  std::size_t starts = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    replay = "PAWL_SIM_SEED=" + std::to_string(seed) + " gdb --args " + own_path() + "\n";
    INFO(replay);
    const pawl::sim::SimulationResult result = pawl::sim::Simulation(seed, traced).run();
    runs += result.runs;
    crashes += result.crashes;
    starts += result.starts;
    for (const std::string& violation : result.violations) {
      FAIL_CHECK("seed " << seed << ": " << violation);
    }
    if (!result.violations.empty()) break;
  }
  MESSAGE("seeds " << first << ".." << first + count - 1 << ": " << runs << " runs, " << starts
                   << " containers, " << crashes << " crashes");
  CHECK(runs > 0);
}

TEST_CASE("the same seed gives the same life") {
  if (std::getenv("PAWL_SIM_SEED") != nullptr) return;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CHECK(pawl::sim::Simulation(seed).run().digest == pawl::sim::Simulation(seed).run().digest);
  }
}
