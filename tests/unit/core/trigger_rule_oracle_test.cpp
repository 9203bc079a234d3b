// Every trigger rule against every outcome of up to three upstream tasks, in every order of ending, through step().
//
// The oracle below is written from what the rules promise (docs/trigger-rules.md), and shares nothing with
// src/core/trigger_rule.cpp: a rule says what it makes of outcomes that are all known; what it may do before is
// worked out by trying all ways in which the open ones can end. What the core was seen to do, not what the oracle
// says, is the table of docs/trigger-rules.md; PAWL_UPDATE_GOLDEN=1 writes it anew.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>

#include "unit/core/fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

constexpr std::array kRules = {TriggerRule::kAllSuccess, TriggerRule::kNoneFailed,
                               TriggerRule::kAllFailed,  TriggerRule::kAllDone,
                               TriggerRule::kAlways,     TriggerRule::kOneSuccess,
                               TriggerRule::kOneFailed,  TriggerRule::kOneDone};

// What an upstream task counts as: s(uccess), f(ailure), k (skipped), and o(pen).
using Seen = std::string;  // one letter for each upstream task
constexpr std::string_view kEnds = "sfk";

enum class Decision { kRuns, kSkipped, kWaits };

bool all_are(const Seen& seen, char end) {
  return std::all_of(seen.begin(), seen.end(), [&](char one) { return one == end; });
}
bool has(const Seen& seen, char end) { return seen.find(end) != Seen::npos; }

// Whether the task runs, once it is known how all upstream tasks ended.
bool runs_at_the_end(TriggerRule rule, const Seen& seen) {
  switch (rule) {
    case TriggerRule::kAllSuccess:
      return all_are(seen, 's');
    case TriggerRule::kNoneFailed:
      return !has(seen, 'f');
    case TriggerRule::kAllFailed:
      return !seen.empty() && all_are(seen, 'f');
    case TriggerRule::kAllDone:
    case TriggerRule::kAlways:
      return true;
    case TriggerRule::kOneSuccess:
      return has(seen, 's');
    case TriggerRule::kOneFailed:
      return has(seen, 'f');
    case TriggerRule::kOneDone:
      return has(seen, 's') || has(seen, 'f');
  }
  return false;
}

// Rules that do not wait for the rest once they hold.
bool is_hasty(TriggerRule rule) {
  return rule == TriggerRule::kOneSuccess || rule == TriggerRule::kOneFailed ||
         rule == TriggerRule::kOneDone;
}

// In how many of the ways in which the open tasks can end the task runs, and in how many not.
void try_all_ends(TriggerRule rule, Seen seen, int& runs, int& not_runs) {
  const std::size_t open = seen.find('o');
  if (open == Seen::npos) {
    ++(runs_at_the_end(rule, seen) ? runs : not_runs);
    return;
  }
  for (const char end : kEnds) {
    seen[open] = end;
    try_all_ends(rule, seen, runs, not_runs);
  }
}

Decision expected(TriggerRule rule, const Seen& seen) {
  int runs = 0;
  int not_runs = 0;
  try_all_ends(rule, seen, runs, not_runs);
  if (!has(seen, 'o')) return runs > 0 ? Decision::kRuns : Decision::kSkipped;
  if (is_hasty(rule) && not_runs == 0) return Decision::kRuns;
  // A failure settles these at once. A skip does not: whether a failure came too decides what is handed on.
  const bool gives_up = rule == TriggerRule::kAllSuccess || rule == TriggerRule::kNoneFailed;
  return gives_up && has(seen, 'f') ? Decision::kSkipped : Decision::kWaits;
}

// What a task behind that runs after a failure (one_failed) does of the task's own end, once that was skipped.
Decision expected_behind(TriggerRule rule, const Seen& seen) {
  if (expected(rule, seen) != Decision::kSkipped) return Decision::kWaits;
  const bool wants_success = rule == TriggerRule::kAllSuccess || rule == TriggerRule::kOneSuccess ||
                             rule == TriggerRule::kNoneFailed;
  return wants_success && has(seen, 'f') ? Decision::kRuns : Decision::kSkipped;
}

// How an upstream task comes to its end. It is the last of a chain of three, gate → mid → up, so that what happens
// to it can be decided one or two tasks before it, and at a moment of the test's choosing.
enum class Kind {
  kSuccess,
  kFailed,
  kFailureAllowed,
  kConditionFalse,
  kBehindSkip,      // all_success behind a skipped task: no failure
  kWantedFailure,   // one_failed behind a success: skipped by its rule, which wanted no success
  kUnevenFailures,  // all_failed behind a failure and a success: likewise, though there is a failure
  kBehindFailure,   // kept from running by a failure
  kOneSuccessFailure,  // likewise under one_success and none_failed
  kNoneFailedFailure,
  kTwoBehindFailure,  // the failure went through a task that it skipped
  kLeftOut,           // not part of this run
  kRunning,           // never ends
  kPending,           // never begins
};
constexpr std::array kPlainKinds = {
    Kind::kSuccess,       Kind::kFailed,  Kind::kFailureAllowed, Kind::kConditionFalse,
    Kind::kBehindFailure, Kind::kLeftOut, Kind::kRunning,        Kind::kPending};
constexpr std::array kAllKinds = {
    Kind::kSuccess,           Kind::kFailed,           Kind::kFailureAllowed,
    Kind::kConditionFalse,    Kind::kBehindSkip,       Kind::kWantedFailure,
    Kind::kUnevenFailures,    Kind::kBehindFailure,    Kind::kOneSuccessFailure,
    Kind::kNoneFailedFailure, Kind::kTwoBehindFailure, Kind::kLeftOut,
    Kind::kRunning,           Kind::kPending};

char counts_as(Kind kind) {
  switch (kind) {
    case Kind::kSuccess:
    case Kind::kFailureAllowed:
    case Kind::kLeftOut:
      return 's';
    case Kind::kFailed:
    case Kind::kBehindFailure:
    case Kind::kOneSuccessFailure:
    case Kind::kNoneFailedFailure:
    case Kind::kTwoBehindFailure:
      return 'f';
    case Kind::kConditionFalse:
    case Kind::kBehindSkip:
    case Kind::kWantedFailure:
    case Kind::kUnevenFailures:
      return 'k';
    case Kind::kRunning:
    case Kind::kPending:
      return 'o';
  }
  return '?';
}

struct Chain {
  Task gate, mid, up;
  // The exits that bring the chain to its last step before the end, and the one that ends it: (0 gate, 1 mid, 2 up; code).
  std::vector<std::pair<int, int>> before;
  std::optional<std::pair<int, int>> end;
};

Chain make_chain(Kind kind, std::uint32_t slot) {
  const std::string number = std::to_string(slot);
  Chain chain{make_task("gate" + number),
              make_task("mid" + number, {3 * slot}),
              make_task("up" + number, {3 * slot + 1}),
              {{0, 0}},
              std::pair{1, 0}};
  switch (kind) {
    case Kind::kSuccess:
    case Kind::kFailed:
    case Kind::kFailureAllowed:
      chain.before = {{0, 0}, {1, 0}};
      chain.end = {2, kind == Kind::kSuccess ? 0 : 1};
      chain.up.allow_failure = kind == Kind::kFailureAllowed;
      break;
    case Kind::kConditionFalse:
      chain.up.when = "${{ false }}";
      break;
    case Kind::kBehindSkip:
      chain.mid.when = "${{ false }}";
      chain.before = {};
      chain.end = {0, 0};
      break;
    case Kind::kWantedFailure:
      chain.up.rule = TriggerRule::kOneFailed;
      break;
    case Kind::kUnevenFailures:
      chain.mid.rule = TriggerRule::kAllDone;
      chain.up.upstream = {3 * slot, 3 * slot + 1};
      chain.up.rule = TriggerRule::kAllFailed;
      chain.before = {{0, 1}};
      break;
    case Kind::kBehindFailure:
    case Kind::kOneSuccessFailure:
    case Kind::kNoneFailedFailure:
      if (kind == Kind::kOneSuccessFailure) chain.up.rule = TriggerRule::kOneSuccess;
      if (kind == Kind::kNoneFailedFailure) chain.up.rule = TriggerRule::kNoneFailed;
      chain.end = {1, 1};
      break;
    case Kind::kTwoBehindFailure:
      chain.before = {};
      chain.end = {0, 1};
      break;
    case Kind::kRunning:
      chain.before = {{0, 0}, {1, 0}};
      chain.end = {};
      break;
    case Kind::kLeftOut:
    case Kind::kPending:
      chain.before = {};
      chain.end = {};
      break;
  }
  return chain;
}

// One run: the chains, and behind them the task whose rule is on trial.
class Trial {
 public:
  Trial(TriggerRule rule, const std::vector<Kind>& kinds) : core_(16) {
    std::vector<Task> tasks;
    std::vector<std::uint32_t> starts;
    Task last = make_task("last");
    last.rule = rule;
    bool leaves_out = false;
    for (const Kind kind : kinds) {
      const auto slot = static_cast<std::uint32_t>(chains_.size());
      chains_.push_back(make_chain(kind, slot));
      for (const Task& task : {chains_.back().gate, chains_.back().mid, chains_.back().up}) {
        tasks.push_back(task);
      }
      last.upstream.push_back(3 * slot + 2);
      if (kind == Kind::kLeftOut) {
        leaves_out = true;
      } else {
        starts.push_back(3 * slot);
      }
      seen_ += kind == Kind::kLeftOut ? 's' : 'o';
    }
    index_ = static_cast<std::uint32_t>(tasks.size());
    starts.push_back(index_);
    tasks.push_back(last);
    tasks.push_back(make_task("behind", {index_}));
    tasks.back().rule = TriggerRule::kOneFailed;
    core_.publish({make_pipeline("p", tasks)});
    TriggerTarget target{"p", {"manual:k"}, {}};
    if (leaves_out) target.starts = starts;
    watch(core_.send(ManualTriggered{7, target, "ann"}));
    for (std::uint32_t slot = 0; slot < chains_.size(); ++slot) {
      for (const auto& exit : chains_[slot].before) exit_of(slot, exit);
    }
  }

  // Brings the upstream task to its end, if it has one.
  void end(std::uint32_t slot, Kind kind) {
    if (!chains_[slot].end) return;
    exit_of(slot, *chains_[slot].end);
    seen_[slot] = counts_as(kind);
  }
  [[nodiscard]] const Seen& seen() const { return seen_; }
  [[nodiscard]] Decision decision() const { return decision_; }
  // Of the task behind it.
  [[nodiscard]] Decision behind() const { return behind_; }
  // Whether what was decided was taken back, or decided twice.
  [[nodiscard]] bool wavered() const { return wavered_; }

 private:
  void exit_of(std::uint32_t slot, std::pair<int, int> exit) {
    watch(core_.exited(key(1, 3 * slot + static_cast<std::uint32_t>(exit.first)), exit.second));
  }
  void watch(const Commands& commands) {
    for (const RunAttempt& order : all_of_type<RunAttempt>(commands)) {
      decide(order.key.task, Decision::kRuns);
    }
    for (const SaveTask& save : all_of_type<SaveTask>(commands)) {
      if (save.task.status != Status::kSkipped) continue;
      decide(save.task.index, Decision::kSkipped);
      if (save.task.index >= index_) wavered_ = wavered_ || save.task.reason != Reason::kUpstream;
    }
  }
  void decide(std::uint32_t task, Decision decision) {
    if (task < index_) return;
    Decision& before = task == index_ ? decision_ : behind_;
    wavered_ = wavered_ || before != Decision::kWaits;
    before = decision;
  }

  Core core_;
  std::vector<Chain> chains_;
  std::uint32_t index_ = 0;
  Seen seen_;
  Decision decision_ = Decision::kWaits;
  Decision behind_ = Decision::kWaits;
  bool wavered_ = false;
};

std::string_view word(Decision decision) {
  if (decision == Decision::kRuns) return "runs";
  return decision == Decision::kSkipped ? "skipped" : "waits";
}

// What was seen, by the outcomes as a multiset and the rule. Trials that differ in order only must agree.
constexpr std::string_view kOrder = "sfko";
struct FewestFirst {
  bool operator()(const Seen& a, const Seen& b) const {
    if (a.size() != b.size()) return a.size() < b.size();
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return kOrder.find(x) < kOrder.find(y);
    });
  }
};
using Table = std::map<Seen, std::map<TriggerRule, Decision>, FewestFirst>;

void enter(Table& table, Seen seen, TriggerRule rule, Decision decision) {
  std::sort(seen.begin(), seen.end(),
            [](char a, char b) { return kOrder.find(a) < kOrder.find(b); });
  const auto [found, is_new] = table[seen].emplace(rule, decision);
  if (!is_new) CHECK(found->second == decision);
}

// One order of ending. The decision is looked at after every end; one that was taken has to stand.
int run_trial(TriggerRule rule, const std::vector<Kind>& kinds,
              const std::vector<std::uint32_t>& order, Table& table) {
  Trial trial(rule, kinds);
  int moments = 0;
  for (std::size_t at = 0; at <= order.size(); ++at) {
    if (at > 0) trial.end(order[at - 1], kinds[order[at - 1]]);
    ++moments;
    const Decision wanted = expected(rule, trial.seen());
    const Decision wanted_behind = expected_behind(rule, trial.seen());
    if (trial.decision() != wanted || trial.behind() != wanted_behind || trial.wavered()) {
      INFO(to_string(rule) << ", upstream tasks " << trial.seen()
                           << " (s, f, k: skipped, o: open)");
      CHECK(word(trial.decision()) == word(wanted));
      CHECK(word(trial.behind()) == word(wanted_behind));
      CHECK_FALSE(trial.wavered());
      return moments;
    }
    enter(table, trial.seen(), rule, trial.decision());
  }
  return moments;
}

int try_kinds(const std::vector<Kind>& kinds, Table& table) {
  int moments = 0;
  for (const TriggerRule rule : kRules) {
    std::vector<std::uint32_t> order(kinds.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    do {
      moments += run_trial(rule, kinds, order, table);
    } while (std::next_permutation(order.begin(), order.end()));
  }
  return moments;
}

// All `count` long lists of these kinds.
int try_all(std::size_t count, std::span<const Kind> of, std::vector<Kind>& kinds, Table& table) {
  if (kinds.size() == count) return try_kinds(kinds, table);
  int moments = 0;
  for (const Kind kind : of) {
    kinds.push_back(kind);
    moments += try_all(count, of, kinds, table);
    kinds.pop_back();
  }
  return moments;
}

std::string describe(const Seen& seen) {
  if (seen.empty()) return "no upstream task";
  std::string text;
  for (const auto& [letter, name] : std::initializer_list<std::pair<char, std::string>>{
           {'s', "success"}, {'f', "failed"}, {'k', "skipped"}, {'o', "open"}}) {
    const auto times = std::count(seen.begin(), seen.end(), letter);
    if (times == 0) continue;
    text += (text.empty() ? "" : ", ") + (times > 1 ? std::to_string(times) + " × " : "") + name;
  }
  return text;
}

std::string page(const Table& table) {
  std::ostringstream text;
  text << R"(# Trigger rules

What a task does, by its `trigger_rule` and what became of its upstream tasks (`depends_on`). This page is written by a
test, tests/unit/core/trigger_rule_oracle_test.cpp, from what it saw the core do.

| an upstream task counts as | when it |
|---|---|
| success | succeeded; failed with `allow_failure`; is not part of this run |
| failed | failed; was cancelled; was kept from running by a failure before it, where its own rule wants success (`all_success`, `one_success`, `none_failed`) |
| skipped | was skipped for any other reason: its `when`, or its rule |
| open | waits or runs |

The order of ending makes no difference, and what is decided stays, whatever ends later: so a failure settles `all_success`
and `none_failed` at once, while a skip waits for the others, one of which may yet fail. A cancelled run's waiting tasks are
cancelled, whatever their rules.

)";
  text << "| upstream tasks |";
  for (const TriggerRule rule : kRules) text << " `" << to_string(rule) << "` |";
  text << "\n|---|";
  for (std::size_t i = 0; i < kRules.size(); ++i) text << "---|";
  text << '\n';
  for (const auto& [seen, decisions] : table) {
    text << "| " << describe(seen) << " |";
    for (const TriggerRule rule : kRules) {
      const auto found = decisions.find(rule);
      text << ' ' << (found == decisions.end() ? "—" : word(found->second)) << " |";
    }
    text << '\n';
  }
  return text.str();
}

// An upstream task as the store has it: it is behind a gate that succeeded or failed.
struct StoredUpstream {
  char counts_as;
  Status status;
  Reason reason = Reason::kNone;
  TriggerRule rule = TriggerRule::kAllSuccess;
  bool allow_failure = false;
  bool gate_failed = false;
};
constexpr std::array<StoredUpstream, 10> kStored = {{
    {'s', Status::kSuccess},
    {'s', Status::kFailed, Reason::kExitCode, TriggerRule::kAllSuccess, true},
    {'s', Status::kSkipped},  // not part of the run
    {'f', Status::kFailed, Reason::kExitCode},
    {'f', Status::kCancelled},
    {'f', Status::kSkipped, Reason::kUpstream, TriggerRule::kAllSuccess, false, true},
    {'k', Status::kSkipped, Reason::kCondition},
    {'k', Status::kSkipped, Reason::kUpstream, TriggerRule::kOneFailed},
    {'k', Status::kSkipped, Reason::kTimeout},
    {'o', Status::kRunning},
}};

Decision recovered_decision(TriggerRule rule, const std::array<StoredUpstream, 3>& upstream) {
  constexpr std::uint32_t last_index = 6;
  const RunId run{7};
  std::vector<Task> tasks;
  RunDetail detail;
  for (const StoredUpstream& one : upstream) {
    const auto gate = static_cast<std::uint32_t>(tasks.size());
    tasks.push_back(make_task("gate" + std::to_string(gate)));
    tasks.push_back(make_task("up" + std::to_string(gate), {gate}));
    tasks.back().rule = one.rule;
    tasks.back().allow_failure = one.allow_failure;
    detail.tasks.push_back({run,
                            gate,
                            one.gate_failed ? Status::kFailed : Status::kSuccess,
                            Reason::kNone,
                            {},
                            1,
                            {},
                            {},
                            {}});
    detail.tasks.push_back({run, gate + 1, one.status, one.reason, {}, 1, {}, {}, {}});
    if (one.status != Status::kRunning) continue;
    Attempt attempt;
    attempt.key = AttemptKey{run, gate + 1, 1};
    attempt.status = Status::kRunning;
    detail.attempts.push_back(attempt);
  }
  tasks.push_back(make_task("last", {1, 3, 5}));
  tasks.back().rule = rule;
  detail.tasks.push_back({run, last_index, Status::kPending, Reason::kNone, {}, 0, {}, {}, {}});
  detail.run.id = run;
  detail.run.pipeline = "p";
  detail.run.status = Status::kRunning;
  StoredWorld world;
  world.last_run = run;
  world.pipelines = {std::make_shared<const Pipeline>(make_pipeline("p", tasks))};
  world.unfinished = {detail};
  world.unfinished_definitions = world.pipelines;
  State state(CoreSettings{16});
  const Commands commands = recover(state, world, WallTime{1'800'000'000'000}, MonoTime{5'000});
  for (const RunAttempt& order : all_of_type<RunAttempt>(commands)) {
    if (order.key.task == last_index) return Decision::kRuns;
  }
  for (const SaveTask& save : all_of_type<SaveTask>(commands)) {
    if (save.task.index == last_index && save.task.status == Status::kSkipped)
      return Decision::kSkipped;
  }
  return Decision::kWaits;
}

std::filesystem::path page_file() {
  std::filesystem::path root = std::filesystem::current_path();
  if (const char* given = std::getenv("PAWL_SOURCE_ROOT")) root = given;
  while (!std::filesystem::exists(root / "docs/design.md") && root.has_relative_path()) {
    root = root.parent_path();
  }
  return root / "docs/trigger-rules.md";
}

}  // namespace

TEST_CASE("each rule does what it promises, for all ends of up to three tasks in every order") {
  Table table;
  int moments = 0;
  std::vector<Kind> kinds;
  for (const std::size_t count : {0, 1, 2}) moments += try_all(count, kAllKinds, kinds, table);
  moments += try_all(3, kPlainKinds, kinds, table);
  CHECK(moments == 8 * (1 + 14 * 2 + 14 * 14 * 2 * 3 + 8 * 8 * 8 * 6 * 4));
  // Each multiset of up to three outcomes was seen, under each rule.
  CHECK(table.size() == 1 + 4 + 10 + 20);
  for (const auto& [seen, decisions] : table) CHECK(decisions.size() == kRules.size());
  const std::string text = page(table);
  if (std::getenv("PAWL_UPDATE_GOLDEN") != nullptr) std::ofstream(page_file()) << text;
  std::ostringstream stored;
  stored << std::ifstream(page_file()).rdbuf();
  CHECK_MESSAGE(stored.str() == text,
                "docs/trigger-rules.md says otherwise; PAWL_UPDATE_GOLDEN=1 writes it anew");
}

// A task can only be cancelled with its run, and then those behind it are cancelled with it. So that a cancelled task
// counts as a failure shows where a run is judged from what the store has.
TEST_CASE("a recovered run is judged as a living one, cancelled tasks among the others") {
  for (const TriggerRule rule : kRules) {
    for (std::size_t which = 0; which < kStored.size() * kStored.size() * kStored.size(); ++which) {
      const std::array<StoredUpstream, 3> upstream = {
          kStored[which % kStored.size()], kStored[which / kStored.size() % kStored.size()],
          kStored[which / kStored.size() / kStored.size()]};
      Seen seen;
      for (const StoredUpstream& one : upstream) seen += one.counts_as;
      const Decision decision = recovered_decision(rule, upstream);
      if (decision == expected(rule, seen)) continue;
      INFO(to_string(rule) << ", upstream tasks " << seen);
      CHECK(word(decision) == word(expected(rule, seen)));
    }
  }
}

TEST_CASE("a cancelled run cancels what waits, whatever its rule") {
  for (const TriggerRule rule : kRules) {
    Core core;
    Task last = make_task("last", {0, 1});
    last.rule = rule;
    core.publish({make_pipeline("p", {make_task("a"), make_task("b"), last})});
    core.trigger("p");
    core.send(CancelRequested{8, RunId{1}, "ann"});
    INFO(to_string(rule));
    CHECK(core.last_task(2).status == Status::kCancelled);
    for (const std::uint32_t index : {0u, 1u}) {
      core.exited(key(1, index), 137);
      CHECK(core.dispatched().empty());
    }
    CHECK(core.last_run().status == Status::kCancelled);
  }
}
