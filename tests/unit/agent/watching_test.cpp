#include <doctest/doctest.h>

#include <thread>

#include "agent/change_feed.h"
#include "agent/published.h"
#include "agent/replies.h"

using namespace pawl;

namespace {

Change change_of_run(std::uint64_t run) {
  Change change;
  change.run = RunId{run};
  return change;
}

}  // namespace

TEST_CASE("watchers get every change after the one they know, in order") {
  ChangeFeed feed;
  std::uint64_t after = feed.wait(0, 0).next;
  CHECK(after > 0);  // 0 would mean "from now on" once more
  feed.publish({change_of_run(1), change_of_run(2)});
  ChangeBatch batch = feed.wait(after, 0);
  REQUIRE(batch.changes.size() == 2);
  CHECK(batch.changes[0].run == RunId{1});
  CHECK(batch.changes[1].sequence == batch.next);
  CHECK_FALSE(batch.gap);
  after = batch.next;
  batch = feed.wait(after, 0);
  CHECK(batch.changes.empty());
  CHECK(batch.next == after);
}

TEST_CASE("a watcher that fell behind, or knew another agent, is told of the gap") {
  ChangeFeed feed;
  const std::uint64_t after = feed.wait(0, 0).next;
  for (std::size_t i = 0; i < limits::kChangeRing + 10; ++i) feed.publish({change_of_run(i + 1)});
  const ChangeBatch late = feed.wait(after, 0);
  CHECK(late.gap);
  CHECK(late.changes.size() == limits::kChangeRing);
  const ChangeBatch other = feed.wait(late.next + 1'000'000, 0);
  CHECK(other.gap);
  CHECK(other.next == late.next);
}

TEST_CASE("a waiting watcher is woken by a change and by the end") {
  ChangeFeed feed;
  const std::uint64_t after = feed.wait(0, 0).next;
  std::thread publisher([&] { feed.publish({change_of_run(7)}); });
  const ChangeBatch batch = feed.wait(after, 60'000);
  publisher.join();
  CHECK(batch.changes.size() == 1);
  std::thread closer([&] { feed.close(); });
  CHECK(feed.wait(batch.next, 60'000).closed);
  closer.join();
}

TEST_CASE("each caller gets its own answer; who gave up, or was never taken, is forgotten") {
  Replies replies;
  const RequestId first = replies.open();
  const RequestId second = replies.open();
  replies.answer(Reply{second, {}, {{"p", RunId{2}, false}}});
  replies.answer(Reply{first, {}, {{"p", RunId{1}, false}}});
  CHECK(replies.wait(first, 60'000)->runs[0].run == RunId{1});
  CHECK(replies.wait(second, 60'000)->runs[0].run == RunId{2});

  const RequestId late = replies.open();
  CHECK(replies.wait(late, 0).error().kind == ErrorKind::kTimeout);
  replies.answer(Reply{late, {}, {}});  // nobody waits any more
  const RequestId abandoned = replies.open();
  replies.abandon(abandoned);
  replies.answer(Reply{abandoned, {}, {}});

  const RequestId last = replies.open();
  std::thread closer([&] { replies.close(); });
  CHECK(replies.wait(last, 60'000).error().kind == ErrorKind::kUnavailable);
  closer.join();
}

TEST_CASE("warnings of others stand behind the loop's, and none drives out another") {
  using Texts = std::vector<std::string>;
  Published published;
  published.warn("images", {"a broken file"});
  published.update([](AgentSnapshot& snapshot) { snapshot.warnings = {"a full disk"}; });
  published.warn("disk", {"too much", "still"});
  CHECK(published.get()->warnings == Texts{"a full disk", "too much", "still", "a broken file"});
  published.warn("disk", {});
  // An update sees the loop's own only, so that none is doubled.
  published.update([](AgentSnapshot& snapshot) {
    CHECK(snapshot.warnings == Texts{"a full disk"});
    snapshot.workers = 3;
  });
  CHECK(published.get()->warnings == Texts{"a full disk", "a broken file"});
  CHECK(published.get()->workers == 3);
}
