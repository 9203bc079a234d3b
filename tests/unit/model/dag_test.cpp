#include "model/dag.h"

#include <doctest/doctest.h>

using namespace pawl;

using Indexes = std::vector<std::uint32_t>;

TEST_CASE("a graph without a cycle has none") {
  CHECK(find_cycle({}).empty());
  CHECK(find_cycle({{}}).empty());
  CHECK(find_cycle({{}, {0}, {0}, {1, 2}}).empty());
  CHECK(find_cycle({{1}, {2}, {}}).empty());
}

TEST_CASE("a cycle is named from its lowest task, each depending on the next") {
  CHECK(find_cycle({{0}}) == Indexes{0});
  CHECK(find_cycle({{1}, {0}}) == Indexes{0, 1});
  CHECK(find_cycle({{}, {3}, {1}, {2}}) == Indexes{1, 3, 2});
  // The way into the cycle is no part of it.
  CHECK(find_cycle({{4}, {2}, {3}, {1}, {3}}) == Indexes{1, 2, 3});
  CHECK(find_cycle({{}, {0, 2}, {0, 1}, {1}}) == Indexes{1, 2});
}

TEST_CASE("indexes out of range are ignored") {
  CHECK(find_cycle({{7}, {0, 9}}).empty());
  CHECK(invert({{7}, {0, 9}}) == UpstreamLists{{1}, {}});
  CHECK(levels({{7}, {0, 9}}) == Indexes{0, 1});
}

TEST_CASE("downstream lists rise") {
  CHECK(invert({{}, {0}, {0}, {1, 2}}) == UpstreamLists{{1, 2}, {3}, {3}, {}});
  CHECK(invert({{2, 2}, {2}, {}}) == UpstreamLists{{}, {}, {0, 1}});
}

TEST_CASE("a task's level is its longest path from a root") {
  CHECK(levels({}).empty());
  CHECK(levels({{}, {0}, {0, 1}, {}, {3, 2}}) == Indexes{0, 1, 2, 0, 3});
  CHECK(levels({{1}, {2}, {}}) == Indexes{2, 1, 0});
}

TEST_CASE("long chains do not grow the stack") {
  UpstreamLists chain(200'000);
  for (std::uint32_t i = 1; i < chain.size(); ++i) chain[i].push_back(i - 1);
  CHECK(levels(chain).back() == chain.size() - 1);
  CHECK(find_cycle(chain).empty());
  chain[0].push_back(static_cast<std::uint32_t>(chain.size()) - 1);
  CHECK(find_cycle(chain).size() == chain.size());
}
