#include "core/ready_queue.h"

#include <doctest/doctest.h>

using namespace pawl;

namespace {

TaskRef ref(std::uint64_t run, std::uint32_t task = 0) { return {RunId{run}, task}; }

}  // namespace

TEST_CASE(
    "priority first, then the pipeline with the fewest slots, then the oldest run and place") {
  ReadyQueue queue;
  queue.insert(ref(1, 1), 5, "a");
  queue.insert(ref(1, 0), 5, "a");
  queue.insert(ref(2), 5, "b");
  queue.insert(ref(9), 6, "a");
  queue.take_slot("a");
  CHECK(queue.size() == 4);
  CHECK(queue.pop() == ref(9));  // a higher priority, however busy its pipeline
  CHECK(queue.pop() == ref(2));  // "b" has no slot yet
  CHECK(queue.pop() == ref(1, 0));
  queue.free_slot("a");
  CHECK(queue.slots_of("a") == 0);
  CHECK(queue.pop() == ref(1, 1));
  CHECK(queue.empty());
}

TEST_CASE("a pipeline that gives a slot back moves up again") {
  ReadyQueue queue;
  queue.take_slot("a");
  queue.take_slot("b");
  queue.take_slot("b");
  queue.insert(ref(7), 5, "b");
  queue.insert(ref(8), 5, "a");
  queue.free_slot("b");
  queue.free_slot("b");
  CHECK(queue.pop() == ref(7));
}

TEST_CASE("inserting twice and erasing what is not there change nothing") {
  ReadyQueue queue;
  queue.insert(ref(1), 5, "a");
  queue.insert(ref(1), 5, "a");
  queue.erase(ref(2), 5, "a");
  queue.erase(ref(1), 5, "other");
  CHECK(queue.size() == 1);
  queue.erase(ref(1), 5, "a");
  CHECK(queue.empty());
  CHECK(queue.size() == 0);
}
