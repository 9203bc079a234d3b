// The history's chain: what was altered or removed behind the agent's back is named, with every checksum made right again by
// whoever did it; what the agent itself did is not.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "base/signing.h"
#include "harness.h"
#include "store/catalog_codec.h"
#include "store/chain_codec.h"
#include "store/environment.h"
#include "store/history_chain.h"
#include "store/record.h"
#include "store/run_codec.h"

using namespace pawl;
using store::Environment;
using store::Table;

namespace {

// Runs 1 to 6 of two pipelines; 6 has not ended. Entries 1 to 5 are the runs, 6 an action.
void fill(Store& store) {
  for (std::uint64_t id = 1; id <= 6; ++id) {
    const Status status = id == 6 ? Status::kRunning : Status::kSuccess;
    commit(store, {SaveRun{samples::run(id, id % 2 == 0 ? "even" : "odd", status)},
                   SaveTask{samples::task(id, 0, status)},
                   SaveAttempt{samples::attempt(id, 0, 1, status)}});
  }
  commit(store, {SaveAction{{WallTime{samples::kStartMs}, "uid 1000", "cancel", "run 6"}}});
}

void change(LmdbHarness& harness, const std::function<void(store::Transaction&)>& body) {
  harness.close();
  auto environment = value_of(Environment::open({harness.options().directory, 0, false, true}));
  auto transaction = value_of(environment->write());
  body(transaction);
  require_ok(transaction.commit());
}

// Changes one byte of a record's body, and makes its checksum right.
void alter(LmdbHarness& harness, Table table, const std::string& key, std::size_t from_end) {
  change(harness, [&](store::Transaction& transaction) {
    const std::string value(value_of(transaction.get(table, key)).value());
    std::string body(value_of(store::unseal(table, key, value)).bytes);
    REQUIRE(body.size() >= from_end);
    body[body.size() - from_end] = static_cast<char>(body[body.size() - from_end] ^ 1);
    require_ok(transaction.put(table, key, store::seal(table, key, body)));
  });
}

void remove(LmdbHarness& harness, Table table, const std::string& key) {
  change(harness, [&](store::Transaction& transaction) {
    REQUIRE(value_of(transaction.get(table, key)));
    require_ok(transaction.remove(table, key));
  });
}

ChainReport verify(LmdbHarness& harness) {
  harness.close();
  return value_of(verify_history(harness.options().directory));
}

std::string fault(LmdbHarness& harness) { return verify(harness).fault.value_or("(none)"); }

}  // namespace

TEST_CASE("a history that nobody touched is whole, also after restarts and more runs") {
  LmdbHarness harness;
  fill(harness.store());
  ChainReport report = verify(harness);
  CHECK(report.fault.value_or("(none)") == "(none)");
  CHECK(report.runs == 5);
  CHECK(report.actions == 1);
  CHECK(report.pruned == 0);
  CHECK(report.before_chain == 0);
  CHECK(report.key.size() == 64);
  harness.reopen();
  commit(harness.store(), {SaveRun{samples::run(6, "even", Status::kFailed)}});
  const ChainReport later = verify(harness);
  CHECK(later.fault.value_or("(none)") == "(none)");
  CHECK(later.runs == 6);
  CHECK(later.key == report.key);
}

TEST_CASE("what is written to a run after its end is sealed anew") {
  LmdbHarness harness;
  fill(harness.store());
  Attempt attempt = samples::attempt(2, 0, 1, Status::kSuccess);
  attempt.log_incomplete = true;
  commit(harness.store(), {SaveAttempt{attempt}});
  commit(harness.store(), {SaveTask{samples::task(3, 1, Status::kSkipped)}});
  commit(harness.store(), {SaveRun{samples::run(4, "even", Status::kFailed)}});
  const ChainReport report = verify(harness);
  CHECK(report.fault.value_or("(none)") == "(none)");
  CHECK(report.runs == 5);
}

TEST_CASE("a definition that is not what its run ran is named") {
  LmdbHarness harness;
  Run run = samples::run(7, "build", Status::kSuccess);
  run.definition = content_hash(samples::pipeline("build"));
  commit(harness.store(), {SaveDefinition{samples::pipeline_ptr("build")}, SaveRun{run}});
  CHECK(fault(harness) == "(none)");
  const auto other =
      value_of(store::encode_definition(run.definition, samples::pipeline("build", "evil:1")));
  change(harness, [&](store::Transaction& transaction) {
    require_ok(transaction.put(other.table, other.key, other.value));
  });
  CHECK(fault(harness) == "what run 7 ran was altered");
}

TEST_CASE("what was altered is named") {
  LmdbHarness harness;
  fill(harness.store());
  SUBCASE("a run") {
    alter(harness, Table::kRuns, store::run_key(RunId{3}), 1);
    CHECK(fault(harness) == "run 3 was altered");
  }
  SUBCASE("the first of two runs") {
    alter(harness, Table::kRuns, store::run_key(RunId{4}), 1);
    alter(harness, Table::kRuns, store::run_key(RunId{2}), 1);
    CHECK(fault(harness) == "run 2 was altered");
  }
  SUBCASE("a task") {
    alter(harness, Table::kTasks, store::task_key(RunId{3}, 0), 1);
    CHECK(fault(harness) == "run 3 was altered");
  }
  SUBCASE("an attempt") {
    alter(harness, Table::kAttempts, store::attempt_key({RunId{5}, 0, 1}), 1);
    CHECK(fault(harness) == "run 5 was altered");
  }
  SUBCASE("an entry of the chain") {
    alter(harness, Table::kChain, store::chain_key(2), 1);
    CHECK(fault(harness) == "entry 2 of the chain, or the one before it, was altered");
  }
  SUBCASE("an entry's hash") {
    alter(harness, Table::kChain, store::chain_key(6), 1 + 6 + 8);
    CHECK(fault(harness) == "entry 6 of the chain, or the one before it, was altered");
  }
  SUBCASE("the head") {
    // The place of the head's sequence: behind the base, before hash, counters, key and signature.
    alter(harness, Table::kMeta, std::string(store::kChainKey), 64 + 32 + 24 + 32 + 8);
    CHECK(fault(harness) == "the head of the chain or its signature was altered");
  }
  SUBCASE("the signature") {
    alter(harness, Table::kMeta, std::string(store::kChainKey), 1);
    CHECK(fault(harness) == "the head of the chain or its signature was altered");
  }
  SUBCASE("with its checksum left wrong") {
    change(harness, [](store::Transaction& transaction) {
      const std::string key = store::run_key(RunId{2});
      std::string value(value_of(transaction.get(Table::kRuns, key)).value());
      value.back() = static_cast<char>(value.back() ^ 1);
      require_ok(transaction.put(Table::kRuns, key, value));
    });
    CHECK(fault(harness) == "run 2 was altered");
  }
}

TEST_CASE("what is missing or was added is named") {
  LmdbHarness harness;
  fill(harness.store());
  SUBCASE("a run") {
    remove(harness, Table::kRuns, store::run_key(RunId{4}));
    CHECK(fault(harness) == "run 4 is missing");
  }
  SUBCASE("a task") {
    remove(harness, Table::kTasks, store::task_key(RunId{4}, 0));
    CHECK(fault(harness) == "run 4 was altered");
  }
  SUBCASE("an attempt") {
    remove(harness, Table::kAttempts, store::attempt_key({RunId{4}, 0, 1}));
    CHECK(fault(harness) == "run 4 was altered");
  }
  SUBCASE("an entry of the chain") {
    remove(harness, Table::kChain, store::chain_key(3));
    CHECK(fault(harness) == "entry 3 of the chain is missing");
  }
  SUBCASE("the first entry") {
    remove(harness, Table::kChain, store::chain_key(1));
    CHECK(fault(harness) == "entry 1 of the chain is missing");
  }
  SUBCASE("the chain's end, with the run it was about") {
    remove(harness, Table::kChain, store::chain_key(6));
    remove(harness, Table::kChain, store::chain_key(5));
    remove(harness, Table::kRuns, store::run_key(RunId{5}));
    CHECK(fault(harness) == "entry 5 of the chain is missing");
  }
  SUBCASE("the head") {
    remove(harness, Table::kMeta, std::string(store::kChainKey));
    CHECK(fault(harness) == "the head of the chain is missing");
  }
  SUBCASE("a run that never was") {
    change(harness, [](store::Transaction& transaction) {
      const auto forged =
          value_of(store::encode_run({samples::run(9, "odd", Status::kSuccess), {}}));
      require_ok(transaction.put(forged.table, forged.key, forged.value));
    });
    CHECK(fault(harness) == "run 9 is not in the chain");
  }
  SUBCASE("an entry that never was") {
    change(harness, [](store::Transaction& transaction) {
      const auto last = store::chain_key(6);
      const std::string value(value_of(transaction.get(Table::kChain, last)).value());
      const Sha256 hash = value_of(store::decode_chain_entry(last, value)).hash;
      const auto forged = store::encode_chain_entry(7, hash, Action{{}, "root", "cancel", "run 1"});
      require_ok(transaction.put(Table::kChain, forged.record.key, forged.record.value));
    });
    CHECK(fault(harness) == "entry 7 of the chain was added");
  }
}

TEST_CASE("what retention removes is accounted for, and the chain is trimmed behind it") {
  LmdbHarness harness;
  Store& store = harness.store();
  fill(store);
  KeepRules rules;
  SUBCASE("with a run that stays in front of those that go") {
    // Of pipeline "odd" runs 1 and 3 go; of "even" 2 stays.
    commit(store, {SaveRun{samples::run(7, "odd", Status::kSuccess)},
                   SaveRun{samples::run(8, "odd", Status::kSuccess)}});
    rules.runs_per_pipeline = 3;
    while (value_of(store.prune(rules, {}))) continue;
    const ChainReport report = verify(harness);
    CHECK(report.fault.value_or("(none)") == "(none)");
    CHECK(report.runs == 5);
    CHECK(report.pruned == 2);
    CHECK(report.actions == 1);
    // Its removal does not hide that of another.
    remove(harness, Table::kRuns, store::run_key(RunId{5}));
    CHECK(fault(harness) == "run 5 is missing");
  }
  SUBCASE("all of them") {
    rules.age_ms = 1;
    const WallTime now{samples::kStartMs * 2};
    while (value_of(store.prune(rules, now))) continue;
    for (std::uint64_t id = 7; id <= 9; ++id) {
      commit(store, {SaveRun{samples::run(id, "odd", Status::kSuccess)}});
    }
    rules.age_ms = 0;
    rules.runs_per_pipeline = 1;
    while (value_of(store.prune(rules, {}))) continue;
    const ChainReport report = verify(harness);
    CHECK(report.fault.value_or("(none)") == "(none)");
    CHECK(report.runs == 1);
    CHECK(report.pruned == 7);
    CHECK(report.actions == 1);
    std::size_t entries = 0;
    change(harness, [&](store::Transaction& transaction) {
      auto cursor = value_of(transaction.cursor(Table::kChain));
      while (value_of(cursor.next())) ++entries;
    });
    CHECK(entries <= 2);  // the run that is left, and the last removal
  }
}

TEST_CASE("a removed run that is put back is named") {
  LmdbHarness harness;
  fill(harness.store());
  std::string kept;
  change(harness, [&](store::Transaction& transaction) {
    kept = std::string(value_of(transaction.get(Table::kRuns, store::run_key(RunId{3}))).value());
  });
  harness.reopen();
  KeepRules rules;
  rules.runs_per_pipeline = 2;
  while (value_of(harness.store().prune(rules, {}))) continue;
  CHECK(fault(harness) == "(none)");
  change(harness, [&](store::Transaction& transaction) {
    require_ok(transaction.put(Table::kRuns, store::run_key(RunId{1}), kept));
  });
  CHECK(fault(harness) != "(none)");
}

TEST_CASE("the host's key is made once, for the agent alone, and its loss is told") {
  LmdbHarness harness;
  fill(harness.store());
  const std::string path = harness.options().directory + "/host.key";
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  const ChainReport before = verify(harness);
  SUBCASE("lost") { std::filesystem::remove(path); }
  SUBCASE("damaged") { std::ofstream(path) << "no key"; }
  SUBCASE("another one") { std::ofstream(path) << std::string(64, 'a') << "\n"; }
  harness.reopen();
  const ChainReport after = verify(harness);
  CHECK(after.fault.value_or("(none)") == "(none)");
  CHECK(after.key != before.key);
  CHECK(after.actions == before.actions + 1);
  // Before the agent has seen it, another key is a fault.
  std::ofstream(path) << std::string(64, 'b') << "\n";
  CHECK(fault(harness) == "the chain is signed with another key than the host's");
}

TEST_CASE("an agent whose chain was damaged goes on, and says so in it") {
  LmdbHarness harness;
  fill(harness.store());
  change(harness, [](store::Transaction& transaction) {
    require_ok(transaction.put(Table::kMeta, std::string(store::kChainKey), "damaged"));
  });
  harness.reopen();
  commit(harness.store(), {SaveRun{samples::run(6, "even", Status::kSuccess)}});
  const ChainReport report = verify(harness);
  CHECK(report.fault.value_or("(none)") == "(none)");
  CHECK(report.runs == 6);
  CHECK(report.actions == 2);
}
