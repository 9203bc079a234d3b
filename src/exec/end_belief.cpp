#include "exec/end_belief.h"

namespace pawl {

EndBelief judge_end(const EndReport& report) {
  if (report.rebooted) return EndBelief::kHostRestarted;
  if (report.runs_under.empty()) {
    return report.connection_broke ? EndBelief::kEngineRestarted : EndBelief::kTrue;
  }
  if (report.runs_under == report.told_by) return EndBelief::kTrue;
  // Nobody who can be named told it, although there was one to name: no better than another.
  if (report.told_by.empty()) return EndBelief::kEngineRestarted;
  return report.live_restore ? EndBelief::kTrue : EndBelief::kEngineRestarted;
}

}  // namespace pawl
