// What the history keeps: runs go by age, by number and for want of room, oldest first, each with all that belongs to it. See
// retention.cpp for how it knows cheaply that there is nothing to do. The loop's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/signing.h"
#include "ports/store.h"
#include "store/environment.h"
#include "store/run_table.h"

namespace pawl::store {

class Retention {
 public:
  Retention();

  // A commit ended a run of this pipeline.
  void note_ended(const std::string& pipeline, RunId run);
  // How many ended runs it has is not known any more.
  void recount(const std::string& pipeline);

  // One transaction, or none. `excess_bytes`: as much of the oldest runs goes whatever the rules say. True: there is more
  // to remove.
  [[nodiscard]] Result<bool> step(Environment& environment, const KeepRules& rules, WallTime now,
                                  std::size_t excess_bytes, const SigningKey& key);
  // Whether the last step found nothing that could go for room.
  [[nodiscard]] bool is_out_of_runs() const { return is_out_of_runs_; }

 private:
  struct Victim {
    RunId run;
    std::string pipeline;  // empty: the run itself says
    bool operator<(const Victim& other) const { return run < other.run; }
  };
  struct Kept {
    std::uint64_t ended = 0;
    RunId excess_below;  // ended runs under this one are too many, and not counted; 0: none
  };
  struct Plan {
    std::set<Victim> victims;
    std::vector<std::string> identities;  // keys
    std::vector<std::string> settled;     // pipelines that have none too many afterwards
    bool more = false;
    [[nodiscard]] bool is_full() const;
    [[nodiscard]] bool is_empty() const { return victims.empty() && identities.empty(); }
  };

  struct Removed {
    std::vector<RunId> runs;
    std::vector<std::pair<std::string, RunId>> counted;
    std::vector<std::string> unsure;  // pipelines whose index lied
  };

  [[nodiscard]] Result<Plan> plan(const Environment& environment, std::size_t excess_bytes,
                                  WallTime now);
  [[nodiscard]] Result<void> plan_for_room(const Transaction& txn, std::size_t excess_bytes,
                                           Plan& plan);
  [[nodiscard]] Result<void> plan_by_age(const Transaction& txn, WallTime now, Plan& plan);
  [[nodiscard]] Result<std::optional<RunId>> scan_by_age(const Transaction& txn, WallTime now,
                                                         RunId from, bool may_stop, Plan& plan);
  [[nodiscard]] Result<void> count_pipelines(const Transaction& txn);
  [[nodiscard]] Result<std::size_t> count_pipeline(const Transaction& txn,
                                                   const std::string& pipeline);
  [[nodiscard]] Result<void> plan_by_number(const Transaction& txn, Plan& plan);
  [[nodiscard]] Result<void> plan_pipeline(const Transaction& txn, const std::string& pipeline,
                                           Plan& plan);
  [[nodiscard]] Result<void> plan_identities(const Transaction& txn, WallTime now, Plan& plan);
  [[nodiscard]] Result<Removal> remove(Transaction& txn, const Victim& victim, WallTime now,
                                       RemovalBudget& budget, Removed& removed);
  [[nodiscard]] Result<bool> carry_out(Environment& environment, const Plan& plan, WallTime now,
                                       const SigningKey& key);
  void note_settled(const Plan& plan);
  void note_removed(const std::string& pipeline, RunId run);

  KeepRules rules_;
  std::map<std::string, Kept> kept_;  // pipelines that were counted
  std::set<std::string> over_;        // of them, those with more than the rule keeps
  std::string next_pipeline_;         // the search for uncounted ones goes on here
  bool has_counted_all_ = false;
  RunId sweep_;           // the slow search by age goes on here
  std::string identity_;  // and the one for identities here
  bool is_out_of_runs_ = false;
};

}  // namespace pawl::store
