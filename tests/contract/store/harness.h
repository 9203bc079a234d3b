// The two stores that the same behaviour is asked of. Each harness is a new, empty store; reopen() is what a restart
// of the agent sees.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "store/lmdb_store.h"
#include "support/fake_store.h"
#include "support/samples.h"
#include "support/temp_directory.h"

namespace pawl {

class LmdbHarness {
 public:
  explicit LmdbHarness(std::int64_t log_limit_bytes = limits::kLogLimitBytes) {
    options_.directory = directory_ / "state";
    options_.map_bytes = std::size_t{64} * 1024 * 1024;
    options_.log_limit_bytes = log_limit_bytes;
    reopen();
  }
  void reopen() {
    store_.reset();
    auto opened = open_store(options_);
    if (!opened) FAIL(opened.error().text());
    store_ = std::move(opened).value();
  }
  void close() { store_.reset(); }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] StoreOptions& options() { return options_; }

 private:
  TempDirectory directory_;
  StoreOptions options_;
  std::unique_ptr<Store> store_;
};

class FakeHarness {
 public:
  explicit FakeHarness(std::int64_t log_limit_bytes = limits::kLogLimitBytes)
      : store_(log_limit_bytes) {}
  void reopen() {}
  [[nodiscard]] Store& store() { return store_; }

 private:
  FakeStore store_;
};

#define PAWL_BOTH_STORES LmdbHarness, FakeHarness

// The value, or the test ends with the error.
template <typename T>
T value_of(Result<T> result) {
  if (!result) FAIL(result.error().text());
  return std::move(result).value();
}

template <typename T>
ErrorKind kind_of(const Result<T>& result) {
  REQUIRE_FALSE(result.ok());
  return result.error().kind;
}

inline void require_ok(const Result<void>& result) {
  if (!result) FAIL(result.error().text());
}

inline void commit(Store& store, const Commands& commands, const std::vector<LogChunk>& logs = {}) {
  auto transaction = value_of(store.begin());
  for (const Command& command : commands) require_ok(transaction->apply(command));
  for (const LogChunk& chunk : logs) require_ok(transaction->append_log(chunk));
  require_ok(transaction->commit());
}

inline std::vector<std::uint64_t> ids(const RunPage& page) {
  std::vector<std::uint64_t> found;
  for (const Run& run : page.runs) found.push_back(run.id.value);
  return found;
}

using Ids = std::vector<std::uint64_t>;

}  // namespace pawl

namespace doctest {
template <>
struct StringMaker<std::vector<std::uint64_t>> {
  static String convert(const std::vector<std::uint64_t>& numbers) {
    std::string text = "[";
    for (std::uint64_t number : numbers) text += std::to_string(number) + " ";
    return (text + "]").c_str();
  }
};
}  // namespace doctest
