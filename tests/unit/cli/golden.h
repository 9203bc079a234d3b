// Output that is compared with a file of tests/golden/cli/. After an intended change, run the test with
// PAWL_UPDATE_GOLDEN=1, and read the difference before committing it.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace pawl::cli {

inline void check_golden(const std::string& name, const std::string& actual) {
  const std::string path = std::string(PAWL_GOLDEN_DIR) + "/" + name;
  if (std::getenv("PAWL_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream expected;
  expected << file.rdbuf();
  INFO("golden file: ", path);
  CHECK(actual == expected.str());
}

}  // namespace pawl::cli
