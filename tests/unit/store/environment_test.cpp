// The handles around LMDB: cursors, transactions, and what is asked of the environment as a whole.
#include "store/environment.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "support/temp_directory.h"

using namespace pawl;
using namespace pawl::store;

namespace {

constexpr std::size_t kMapBytes = std::size_t{64} << 20;

std::unique_ptr<Environment> open(const TempDirectory& directory,
                                  std::size_t map_bytes = kMapBytes) {
  auto opened = Environment::open({directory.path(), map_bytes, false, true});
  if (!opened) FAIL(opened.error().text());
  return std::move(opened).value();
}

void put(Environment& environment, Table table, const std::vector<std::string>& keys,
         const std::string& value = "v") {
  auto txn = environment.write();
  REQUIRE(txn.ok());
  for (const std::string& key : keys) REQUIRE(txn->put(table, key, value + key).ok());
  REQUIRE(txn->commit().ok());
}

std::string key_after(Cursor& cursor, const Result<bool>& moved) {
  REQUIRE(moved.ok());
  return *moved ? std::string(cursor.key()) : "(none)";
}

std::string read(const Transaction& txn, const std::string& key) {
  const auto value = txn.get(Table::kRuns, key);
  REQUIRE(value.ok());
  return value->has_value() ? std::string(**value) : "(none)";
}

// Of the store's file, in this process.
std::size_t resident_kb(const TempDirectory& directory) {
  std::ifstream maps("/proc/self/smaps");
  bool is_ours = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find('-') < line.find(' '))
      is_ours = line.find(directory / "data.mdb") != std::string::npos;
    if (is_ours && line.starts_with("Rss:")) return std::stoul(line.substr(4));
  }
  FAIL("the store is not mapped");
  return 0;
}

}  // namespace

TEST_CASE("a cursor goes where it is told") {
  TempDirectory directory;
  const auto environment = open(directory);
  put(*environment, Table::kSources, {"b", "d", "f"});
  const auto txn = environment->read();
  REQUIRE(txn.ok());
  auto cursor = txn->cursor(Table::kSources);
  REQUIRE(cursor.ok());
  CHECK(key_after(*cursor, cursor->next()) == "b");
  CHECK(key_after(*cursor, cursor->next()) == "d");
  CHECK(cursor->value() == "vd");
  CHECK(key_after(*cursor, cursor->previous()) == "b");
  CHECK(key_after(*cursor, cursor->last()) == "f");
  CHECK(key_after(*cursor, cursor->next()) == "(none)");
  CHECK(key_after(*cursor, cursor->seek("c")) == "d");
  CHECK(key_after(*cursor, cursor->seek("d")) == "d");
  CHECK(key_after(*cursor, cursor->seek("g")) == "(none)");
  CHECK(key_after(*cursor, cursor->seek_before("d")) == "b");
  CHECK(key_after(*cursor, cursor->seek_before("e")) == "d");
  CHECK(key_after(*cursor, cursor->seek_before("z")) == "f");
  CHECK(key_after(*cursor, cursor->seek_before("b")) == "(none)");
  auto empty = txn->cursor(Table::kRuns);
  REQUIRE(empty.ok());
  CHECK(key_after(*empty, empty->last()) == "(none)");
  CHECK(key_after(*empty, empty->seek_before("x")) == "(none)");
}

TEST_CASE("a transaction sees its own writes, others see them after the commit") {
  TempDirectory directory;
  const auto environment = open(directory);
  put(*environment, Table::kRuns, {"old"});
  auto writer = environment->write();
  REQUIRE(writer.ok());
  REQUIRE(writer->put(Table::kRuns, "new", "1").ok());
  REQUIRE(writer->remove(Table::kRuns, "old").ok());
  REQUIRE(writer->remove(Table::kRuns, "never was").ok());
  const auto before = environment->read();
  CHECK(read(*writer, "new") == "1");
  CHECK_FALSE(writer->get(Table::kRuns, "old")->has_value());
  CHECK_FALSE(before->get(Table::kRuns, "new")->has_value());
  REQUIRE(writer->commit().ok());
  // A snapshot stays what it was.
  CHECK_FALSE(before->get(Table::kRuns, "new")->has_value());
  const auto after = environment->read();
  CHECK(read(*after, "new") == "1");
  CHECK_FALSE(after->get(Table::kTasks, "new")->has_value());
}

TEST_CASE("after a write that failed a transaction repeats its error, and leaves no trace") {
  TempDirectory directory;
  const auto environment = open(directory, 1 << 20);
  put(*environment, Table::kRuns, {"kept"});
  {
    auto txn = environment->write();
    REQUIRE(txn.ok());
    REQUIRE(txn->put(Table::kRuns, "lost", "x").ok());
    const auto full = txn->put(Table::kRuns, "huge", std::string(2 << 20, 'x'));
    REQUIRE_FALSE(full.ok());
    CHECK(full.error().kind == ErrorKind::kExhausted);
    CHECK(txn->put(Table::kRuns, "a", "b").error().text() == full.error().text());
    CHECK(txn->remove(Table::kRuns, "kept").error().text() == full.error().text());
    CHECK(txn->commit().error().text() == full.error().text());
  }
  const auto txn = environment->read();
  CHECK(txn->get(Table::kRuns, "kept")->has_value());
  CHECK_FALSE(txn->get(Table::kRuns, "lost")->has_value());
}

TEST_CASE("a key that LMDB cannot hold is our own mistake") {
  TempDirectory directory;
  const auto environment = open(directory);
  auto txn = environment->write();
  REQUIRE(txn.ok());
  CHECK(txn->put(Table::kRuns, std::string(600, 'x'), "v").error().kind == ErrorKind::kInternal);
}

TEST_CASE("a directory is open once in a process") {
  TempDirectory directory;
  auto environment = open(directory);
  const auto second = Environment::open({directory.path(), kMapBytes, false, true});
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().kind == ErrorKind::kConflict);
  const auto spelled_otherwise = Environment::open({directory / ".", kMapBytes, true, false});
  REQUIRE_FALSE(spelled_otherwise.ok());
  CHECK(spelled_otherwise.error().kind == ErrorKind::kConflict);
  environment.reset();
  CHECK(Environment::open({directory.path(), kMapBytes, false, true}).ok());
}

TEST_CASE("a reader asks for tables that are there") {
  TempDirectory directory;
  const auto none = Environment::open({directory.path(), 0, true, false});
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().kind == ErrorKind::kNotFound);
}

TEST_CASE("usage counts what is in use, and not what was freed") {
  TempDirectory directory;
  const auto environment = open(directory);
  put(*environment, Table::kLogChunks, {"a", "b"}, std::string(4 << 20, 'x'));
  const auto full = environment->usage();
  REQUIRE(full.ok());
  CHECK(full->map_bytes == kMapBytes);
  CHECK(full->used_bytes > std::size_t{8} << 20);
  {
    auto txn = environment->write();
    REQUIRE(txn->remove(Table::kLogChunks, "a").ok());
    REQUIRE(txn->commit().ok());
  }
  CHECK(environment->usage()->used_bytes < std::size_t{5} << 20);
  CHECK(environment->usage()->used_bytes > std::size_t{4} << 20);
}

TEST_CASE("memory is given back, and what is read afterwards is the same") {
  TempDirectory directory;
  const auto environment = open(directory);
  put(*environment, Table::kLogChunks, {"a", "b"}, std::string(4 << 20, 'x'));
  const auto txn = environment->read();
  const auto read_all = [&] {
    std::size_t sum = 0;
    for (const char* key : {"a", "b"}) {
      const auto value = txn->get(Table::kLogChunks, key);
      REQUIRE(value.ok());
      REQUIRE(value->has_value());
      for (char c : **value) sum += static_cast<unsigned char>(c);
    }
    return sum;
  };
  const std::size_t sum = read_all();
  CHECK(resident_kb(directory) > 8000);
  environment->release_memory();
  CHECK(resident_kb(directory) < 1000);
  CHECK(read_all() == sum);
}
