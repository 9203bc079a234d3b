#include "http/events.h"

#include <doctest/doctest.h>

#include "http/log_follower.h"

namespace pawl::http {
namespace {

const WallTime kStart{1000};

TEST_CASE("events in their wire form") {
  Change change;
  change.sequence = 7;
  change.kind = Change::Kind::kTask;
  change.run = RunId{42};
  change.task = 3;
  change.name = "a\nb";
  change.status = Status::kRunning;
  CHECK(format_event(change, kStart) ==
        "id: 7-1000\nevent: task\ndata: {\"run_id\":\"42\",\"task\":3,\"attempt\":null,"
        "\"name\":\"a\\nb\",\"status\":\"running\"}\n\n");
  change.kind = Change::Kind::kPipelines;
  CHECK(format_event(change, kStart) ==
        "id: 7-1000\nevent: pipelines\ndata: {\"run_id\":null,\"task\":null,\"attempt\":null,"
        "\"name\":null,\"status\":null}\n\n");
  CHECK(format_gap(9, kStart) == "id: 9-1000\nevent: gap\ndata: {}\n\n");
}

TEST_CASE("event ids are good for one start of the agent") {
  CHECK(parse_event_id("7-1000", kStart) == 7);
  for (const char* text : {"", "7", "7-1001", "-1000", "x-1000", "0-1000", "7 -1000", "-7-1000",
                           "99999999999999999999-1000"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_event_id(text, kStart).has_value());
  }
}

TEST_CASE("log cursors") {
  const TaskLogCursor cursor{2, {30, 4}};
  CHECK(cursor.text() == "2-30-4");
  const auto parsed = TaskLogCursor::parse("2-30-4");
  REQUIRE(parsed);
  CHECK(parsed->attempt == 2);
  CHECK(parsed->at == LogCursor{30, 4});
  for (const char* text : {"", "1", "1-2", "1-2-", "1-2-3-4", "-1-2-3", "1-2-3 ", "a-b-c", "1--2-3",
                           "99999999999-1-1"}) {
    CAPTURE(text);
    CHECK_FALSE(TaskLogCursor::parse(text).has_value());
  }
}

}  // namespace
}  // namespace pawl::http
