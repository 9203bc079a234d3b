#include "base/spelling.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace pawl;

namespace {

std::string meant(std::string_view text, std::vector<std::string_view> candidates) {
  return std::string(closest(text, candidates).value_or("-"));
}

// The whole table, which closest() works out a part of.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> cells(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cells[i][j] = i + j;
        continue;
      }
      cells[i][j] = std::min({cells[i - 1][j] + 1, cells[i][j - 1] + 1,
                              cells[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cells[i][j] = std::min(cells[i][j], cells[i - 2][j - 2] + 1);
      }
    }
  }
  return cells[a.size()][b.size()];
}

}  // namespace

TEST_CASE("spelling: what was meant") {
  CHECK(meant("comand", {"command", "cron"}) == "command");
  CHECK(meant("comamnd", {"command"}) == "command");
  CHECK(meant("xcommand", {"command"}) == "command");
  CHECK(meant("commandxxx", {"command"}) == "command");
  CHECK(meant("commandxxxx", {"command"}) == "-");
  CHECK(meant("ocmmand", {"command"}) == "command");
  CHECK(meant("commadn", {"command"}) == "command");
  CHECK(meant("idd", {"id"}) == "id");
  CHECK(meant("di", {"id"}) == "id");
  CHECK(meant("x", {"y"}) == "-");  // as many errors as letters
  CHECK(meant("ab", {"cd"}) == "-");
  CHECK(meant("cats", {"cars", "cat"}) == "cars");  // the first of several equally near
  CHECK(meant("cats", {"cots", "cats"}) == "cots");
  CHECK(meant("", {"a"}) == "-");
  CHECK(meant(std::string(64, 'a') + "b", {std::string(64, 'a')}) == "-");
  CHECK(meant(std::string(63, 'a') + "b", {std::string(64, 'a')}) == std::string(64, 'a'));
  CHECK(did_you_mean("comand", std::vector<std::string_view>{"command"}) ==
        "; did you mean 'command'?");
  CHECK(did_you_mean("x", {}).empty());
}

TEST_CASE("spelling: as near as the whole table says") {
  std::mt19937 random(7);
  const auto word = [&] {
    std::string result;
    for (std::size_t left = 7 + random() % 6; left > 0; --left)
      result += static_cast<char>('a' + random() % 3);
    return result;
  };
  std::size_t near = 0;
  for (int run = 0; run < 20'000; ++run) {
    const std::string text = word();
    const std::string candidate = word();
    CAPTURE(text);
    CAPTURE(candidate);
    const bool is_near = text != candidate && distance(text, candidate) <= 3;
    CHECK((meant(text, {candidate}) == candidate) == is_near);
    near += is_near ? 1 : 0;
  }
  CHECK(near > 500);
}
