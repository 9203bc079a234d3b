// Keys: their order is the order of what they name, and each can be told in words.
#include "store/tables.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace pawl;
using namespace pawl::store;

TEST_CASE("keys sort as their numbers do") {
  const std::vector<std::uint64_t> numbers = {0,     1,     255,          256,
                                              65535, 65536, 0x00ffffffff, 0x7fffffffffffffff};
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    CHECK(run_key(RunId{numbers[i - 1]}) < run_key(RunId{numbers[i]}));
    CHECK(log_chunk_key({RunId{1}, 2, 3}, numbers[i - 1]) <
          log_chunk_key({RunId{1}, 2, 3}, numbers[i]));
  }
  CHECK(task_key(RunId{1}, 0xffffffff) < task_key(RunId{2}, 0));
  CHECK(task_key(RunId{1}, 255) < task_key(RunId{1}, 256));
  CHECK(attempt_key({RunId{1}, 1, 0xffffffff}) < attempt_key({RunId{1}, 2, 0}));
  CHECK(log_chunk_key({RunId{1}, 1, 1}, UINT64_MAX) < log_chunk_key({RunId{1}, 1, 2}, 0));
}

TEST_CASE("keys are read back") {
  const AttemptKey key{RunId{0x0102030405060708}, 0x090a0b0c, 0x0d0e0f10};
  CHECK(run_key(key.run) == "\1\2\3\4\5\6\7\10");
  CHECK(parse_run_key(run_key(key.run)) == key.run);
  CHECK(parse_attempt_key(attempt_key(key)) == key);
  CHECK(parse_task_key(task_key(key.run, key.task)) == AttemptKey{key.run, key.task, 0});
  CHECK(parse_log_chunk_sequence(log_chunk_key(key, 77)) == 77);
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string bytes(size, 'x');
    CHECK(parse_run_key(bytes).has_value() == (size == 8));
    CHECK(parse_task_key(bytes).has_value() == (size == 12));
    CHECK(parse_attempt_key(bytes).has_value() == (size == 16));
    CHECK(parse_log_chunk_sequence(bytes).has_value() == (size == 24));
  }
}

TEST_CASE("a trigger's key depends on where the pipeline's name ends") {
  CHECK(trigger_key("ab", "c") != trigger_key("a", "bc"));
  CHECK(trigger_key("a", "b") != trigger_key("b", "a"));
  CHECK(trigger_key("a", "b") == trigger_key("a", "b"));
  // SHA-256 of "build", NUL, "id".
  CHECK(hex(trigger_key("build", "id")) == hex(sha256(std::string("build\0id", 8))));
}

TEST_CASE("prefixes hold exactly what belongs to them") {
  const std::string id = run_key(RunId{1});
  CHECK_FALSE((pipeline_prefix("ab") + id).starts_with(pipeline_prefix("a")));
  CHECK((pipeline_status_prefix("a", Status::kFailed) + id).starts_with(pipeline_prefix("a")));
  CHECK_FALSE((status_prefix(Status::kFailed) + id).starts_with(status_prefix(Status::kRunning)));
}

TEST_CASE("every table has a name of its own, and no key breaks its description") {
  std::set<std::string> names;
  for (Table table : all_tables()) {
    names.insert(table_name(table));
    for (std::size_t size = 0; size < 40; ++size) {
      const std::string text = describe(table, std::string(size, '\x07'));
      CHECK_FALSE(text.empty());
      CHECK(text.find('\x07') == std::string::npos);
    }
  }
  CHECK(names.size() == kTableCount);
  CHECK(describe(Table::kTasks, task_key(RunId{42}, 3)) == "task 3 of run 42");
  CHECK(describe(Table::kLogChunks, log_chunk_key({RunId{42}, 3, 1}, 9)) ==
        "log chunk 9 of attempt 1 of task 3 of run 42");
  CHECK(describe(Table::kSources, "fleet") == "source 'fleet'");
  CHECK(describe(Table::kRunsByStatus, status_prefix(Status::kFailed) + run_key(RunId{42})) ==
        "index entry in runs_by_status of run 42");
}

TEST_CASE("names that cannot be keys are refused") {
  CHECK(check_name("a pipeline", "a").ok());
  CHECK(check_name("a pipeline", std::string(63, 'x')).ok());
  for (const std::string& name : {std::string(), std::string(64, 'x'), std::string("a\0", 2)}) {
    const auto refused = check_name("a pipeline", name);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == ErrorKind::kInvalid);
  }
}
