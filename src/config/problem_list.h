// The problems, and the warnings beside them, found while one file is read: collected in any order, handed out sorted and bounded.
// Owned by one reading; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/place.h"
#include "model/source.h"

namespace pawl::config {

class ProblemList {
 public:
  explicit ProblemList(std::string file) : file_(std::move(file)) {}

  // Messages are cut off after limits::kMessageBytes.
  void add(Place place, std::string message);
  // Likewise, of what is right in itself, but not on this host.
  void refuse(Place place, std::string message);
  // What does not keep the file from being used.
  void warn(Place place, std::string message);

  [[nodiscard]] bool empty() const { return errors_.problems.empty(); }
  // Nothing is wrong but what this host refuses.
  [[nodiscard]] bool only_refusals() const { return !empty() && !has_mistakes_; }
  // Few enough that proposing what was meant is worth its time: each proposal compares with hundreds of names.
  [[nodiscard]] bool wants_proposals() const;
  // So many that more are only counted: what costs time to word can be left out.
  [[nodiscard]] bool is_full() const;

  // Sorted by place, each once; at most limits::kYamlProblems, the last of which then says how many
  // were left out.
  [[nodiscard]] std::vector<Problem> take();
  [[nodiscard]] std::vector<Problem> take_warnings();

 private:
  struct Collection {
    std::vector<Problem> problems;
    std::size_t uncollected = 0;
  };
  void collect(Collection& collection, Place place, std::string message);
  [[nodiscard]] static std::vector<Problem> hand_out(Collection& collection, std::string_view noun);

  std::string file_;
  Collection errors_;
  Collection warnings_;
  bool has_mistakes_ = false;
};

}  // namespace pawl::config
