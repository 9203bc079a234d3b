#include "exec/end_belief.h"

#include <doctest/doctest.h>

#include <vector>

using namespace pawl;

TEST_CASE("an end is believed only where nobody can have made it up") {
  constexpr auto kTrue = EndBelief::kTrue;
  constexpr auto kEngine = EndBelief::kEngineRestarted;
  constexpr auto kHost = EndBelief::kHostRestarted;
  struct Row {
    const char* what;
    EndReport report;
    EndBelief belief;
  };
  // rebooted, runs_under, told_by, connection_broke, live_restore
  const std::vector<Row> rows = {
      {"the plain case", {false, "a", "a", false, false}, kTrue},
      {"the connection broke, the engine is the same", {false, "a", "a", true, false}, kTrue},
      {"another engine", {false, "a", "b", true, false}, kEngine},
      {"another engine, unnoticed", {false, "a", "b", false, false}, kEngine},
      {"another engine, live-restore", {false, "a", "b", true, true}, kTrue},
      {"an engine that has no name any more", {false, "a", "", false, false}, kEngine},
      {"the same with live-restore, whose it is not known", {false, "a", "", true, true}, kEngine},
      {"no names, no break", {false, "", "", false, false}, kTrue},
      {"no names, a break", {false, "", "", true, false}, kEngine},
      {"no names, a break, live-restore of nobody", {false, "", "", true, true}, kEngine},
      {"a name only later", {false, "", "b", false, false}, kTrue},
      {"a name only later, after a break", {false, "", "b", true, false}, kEngine},
      {"the host, whatever else", {true, "a", "a", false, true}, kHost},
      {"the host, without names", {true, "", "", false, false}, kHost},
      {"the host and the engine", {true, "a", "b", true, true}, kHost},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(judge_end(row.report) == row.belief);
  }
}
