// The problems found while one file is read: collected in any order, handed out sorted and bounded.
// Owned by one reading; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/place.h"
#include "model/source.h"

namespace pawl::config {

class ProblemList {
 public:
  explicit ProblemList(std::string file) : file_(std::move(file)) {}

  // Messages are cut off after limits::kMessageBytes.
  void add(Place place, std::string message);

  [[nodiscard]] bool empty() const { return problems_.empty(); }
  // So many that more are only counted: what costs time to word can be left out.
  [[nodiscard]] bool is_full() const;

  // Sorted by place, each once; at most limits::kYamlProblems, the last of which then says how many
  // were left out.
  [[nodiscard]] std::vector<Problem> take();

 private:
  std::string file_;
  std::vector<Problem> problems_;
  std::size_t uncollected_ = 0;
};

}  // namespace pawl::config
