#include "docker/podman_log.h"

#include <doctest/doctest.h>

#include <vector>

#include "model/limits.h"

using namespace pawl;

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kFirstSecond = 1'795'235'915;  // 2026-11-21T04:38:35Z

struct Sink : LogSink {
  std::vector<LogRecord> records;
  std::size_t wanted = SIZE_MAX;
  std::vector<std::size_t> misses;  // after how many records
  std::optional<std::int64_t> wish = -1;
  bool take(LogRecord&& record) override {
    records.push_back(std::move(record));
    return records.size() < wanted;
  }
  std::optional<std::int64_t> before_wait() override { return wish; }
  void may_miss() override { misses.push_back(records.size()); }
};

// What Podman sends of one line, at a second of that minute.
std::string line(const std::string& text, int second = 35) {
  const std::string payload = "2026-11-21T04:38:" + std::to_string(second) + "Z " + text;
  std::string header(8, '\0');
  header[0] = 1;
  for (int i = 0; i < 4; ++i) header[4 + i] = static_cast<char>(payload.size() >> (24 - 8 * i));
  return header + payload;
}

struct Follow {
  Sink sink;
  Result<bool> runs = true;
  int asked = 0;
  PodmanLogBody body;
  explicit Follow(std::int64_t since_ns = 0)
      : body(since_ns, sink, [this] {
          ++asked;
          return runs;
        }) {}
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const LogRecord& record : sink.records) all += record.text;
    return all;
  }
  Result<void> finish() { return body.finish(HttpResponse{200, {}}); }
};

Error broken() { return Error{ErrorKind::kUnavailable, "broke", {}}; }

}  // namespace

TEST_CASE("output is passed on once the container is known to run after it came") {
  Follow follow;
  REQUIRE(follow.body.take(line("one\n")));
  CHECK(follow.sink.records.empty());
  CHECK(follow.body.before_wait() == -1);
  CHECK(follow.text() == "one\n");
  CHECK(follow.asked == 1);
  // Nothing came: nothing is asked, and the sink's wish is what counts.
  follow.sink.wish = 7;
  CHECK(follow.body.before_wait() == 7);
  CHECK(follow.asked == 1);
  REQUIRE(follow.body.take(line("two\n")));
  CHECK(follow.finish());
  CHECK(follow.text() == "one\ntwo\n");
  CHECK(follow.body.first() == follow.sink.records.at(0));
}

TEST_CASE("what came after the container's end is left, and the follower ends well") {
  SUBCASE("seen before a wait") {
    Follow follow;
    REQUIRE(follow.body.take(line("one\n")));
    CHECK(follow.body.before_wait());
    Follow ended;
    ended.runs = false;
    REQUIRE(ended.body.take(line("two\n")));
    CHECK_FALSE(ended.body.before_wait());
    CHECK(ended.body.finish(Error{ErrorKind::kCancelled, "not wanted", {}}));
    CHECK(ended.sink.records.empty());
    CHECK_FALSE(ended.body.first());
  }
  SUBCASE("seen when much has come") {
    Follow follow;
    const std::string lines = line(std::string(1000, 'x') + "\n");
    Result<void> taken;
    std::size_t bytes = 0;
    for (; bytes < 100u << 20 && follow.asked == 0; bytes += lines.size()) {
      taken = follow.body.take(lines);
    }
    REQUIRE(taken);
    CHECK(follow.text().size() > 100'000);
    CHECK(bytes <= 1u << 20);  // no more is held
    follow.runs = false;
    const std::size_t before = follow.sink.records.size();
    while (taken) taken = follow.body.take(lines);
    CHECK(follow.body.finish(taken.error()));
    CHECK(follow.sink.records.size() == before);
  }
  SUBCASE("seen when the stream is over, torn or not") {
    Follow follow;
    follow.runs = false;
    REQUIRE(follow.body.take(line("one\n").substr(0, 20)));
    CHECK(follow.finish());
    CHECK(follow.sink.records.empty());
  }
}

TEST_CASE(
    "an engine that cannot say whether it runs breaks the stream, and so does a torn record") {
  Follow follow;
  follow.runs = broken();
  REQUIRE(follow.body.take(line("one\n")));
  CHECK_FALSE(follow.body.before_wait());
  CHECK(follow.body.finish(Error{ErrorKind::kCancelled, "not wanted", {}}).error().kind ==
        ErrorKind::kUnavailable);
  CHECK(follow.sink.records.empty());

  Follow torn;
  REQUIRE(torn.body.take(line("one\n") + line("two\n").substr(0, 20)));
  CHECK(torn.finish().error().kind == ErrorKind::kUnavailable);
  CHECK(torn.text() == "one\n");

  Follow cut;
  REQUIRE(cut.body.take(line("one\n")));
  CHECK(cut.body.finish(broken()).error().kind == ErrorKind::kUnavailable);
  CHECK(cut.sink.records.empty());

  Follow odd;
  REQUIRE(odd.body.take("no frame at all"));
  CHECK_FALSE(odd.body.before_wait());
  CHECK(odd.body.finish(Error{ErrorKind::kCancelled, "not wanted", {}}).error().kind ==
        ErrorKind::kCorrupt);
}

TEST_CASE("a sink that wants no more ends it") {
  Follow follow;
  follow.sink.wanted = 1;
  REQUIRE(follow.body.take(line("one\n") + line("two\n")));
  CHECK_FALSE(follow.body.before_wait());
  const Error not_wanted{ErrorKind::kCancelled, "not wanted", {}};
  CHECK(follow.body.finish(not_wanted).error().kind == ErrorKind::kCancelled);
  CHECK(follow.text() == "one\n");
  Follow unwilling;
  unwilling.sink.wish = std::nullopt;
  CHECK_FALSE(unwilling.body.before_wait());
  CHECK(unwilling.body.finish(not_wanted).error().kind == ErrorKind::kCancelled);
}

TEST_CASE("from a time on, to the second, since the engine is not asked for it") {
  Follow follow((kFirstSecond + 1) * kNsPerSecond + kNsPerSecond / 2);
  REQUIRE(follow.body.take(line("one\n", 35) + line("two\n", 36) + line("three\n", 37)));
  CHECK(follow.finish());
  CHECK(follow.text() == "two\nthree\n");
  CHECK(follow.body.first()->text == "one\n");
}

TEST_CASE("past the size of the engine's file there may be gaps, and the sink is told once") {
  // From its start, whatever is wanted of it.
  for (const std::int64_t since_s : {std::int64_t{0}, kFirstSecond + 1}) {
    CAPTURE(since_s);
    Follow follow(since_s * kNsPerSecond);
    // In the file: "2026-11-26T08:22:50.568960564+00:00 stdout F 1234567\n".
    const std::size_t in_file = 45 + 8;
    const std::size_t fit = limits::kEngineLogFileBytes / in_file;
    for (std::size_t i = 0; i < fit - fit / 40; ++i) {
      REQUIRE(follow.body.take(line("1234567\n")));
    }
    REQUIRE(follow.body.before_wait());
    CHECK(follow.sink.misses.empty());
    for (std::size_t i = 0; i < fit; ++i) REQUIRE(follow.body.take(line("1234567\n")));
    CHECK(follow.finish());
    REQUIRE(follow.sink.misses.size() == 1);
    CHECK(follow.sink.misses[0] <= fit);
  }
}
