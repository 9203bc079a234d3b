#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "base/bounded_queue.h"

using namespace pawl;

TEST_CASE("items come out in order, a bounded batch at a time") {
  BoundedQueue<int> queue(10);
  for (int i = 0; i < 5; ++i) CHECK(queue.push(i));
  std::vector<int> out;
  queue.drain(out, 3, std::nullopt);
  CHECK(out == std::vector{0, 1, 2});
  queue.drain(out, 3, std::nullopt);
  CHECK(out == std::vector{3, 4});
}

TEST_CASE("a full queue refuses who cannot wait, by cost and not by count") {
  BoundedQueue<int> queue(10);
  CHECK(queue.try_push(1, 8));
  CHECK_FALSE(queue.try_push(2, 3));
  CHECK(queue.try_push(3, 2));
  std::vector<int> out;
  queue.drain(out, 9, std::nullopt);
  CHECK(queue.try_push(4, 50));  // one item over the bound still gets through, alone
  CHECK_FALSE(queue.try_push(5, 1));
}

TEST_CASE("producers wait for room and lose nothing; closing ends both sides") {
  BoundedQueue<int> queue(4);
  std::thread producer([&] {
    for (int i = 0; i < 1'000; ++i) CHECK(queue.push(i));
    queue.close();
  });
  std::vector<int> all;
  std::vector<int> out;
  do {
    queue.drain(out, 3, std::nullopt);
    all.insert(all.end(), out.begin(), out.end());
  } while (!out.empty());
  producer.join();
  REQUIRE(all.size() == 1'000);
  for (int i = 0; i < 1'000; ++i) CHECK(all[static_cast<std::size_t>(i)] == i);
  CHECK_FALSE(queue.push(1));
  CHECK_FALSE(queue.try_push(1));
}

TEST_CASE("wake and a deadline that passed return with nothing") {
  BoundedQueue<int> queue(4);
  std::vector<int> out = {9};
  queue.wake();
  queue.drain(out, 3, std::nullopt);
  CHECK(out.empty());
  queue.drain(out, 3, std::chrono::steady_clock::now());
  CHECK(out.empty());
}
