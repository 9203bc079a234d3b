// `matrix` of a task (SPEC §1): its axes, and the instances that they make. Pure; one thread.
//
// Hostile input: the number of combinations is known, and bounded, before any is made.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

struct MatrixAxis {
  std::string name;
  std::vector<std::string> values;  // at least one, unique, as written
};

// Without axes: the task has no matrix, and is its own only instance.
struct Matrix {
  std::vector<MatrixAxis> axes;
  Place place;

  // At most limits::kTaskInstances: more were refused by read_matrix().
  [[nodiscard]] std::size_t instances() const;
  // The values of instance `index`; the first axis is the slowest.
  [[nodiscard]] Variables combination(std::size_t index) const;
};

// What is wrong is left out, with a problem.
[[nodiscard]] Matrix read_matrix(MappingReader& task);

// "build[eu,3.11]": characters outside [A-Za-z0-9._-] become "_"; cut to limits::kInstanceIdBytes.
[[nodiscard]] std::string instance_id(const std::string& base, const Variables& combination);

}  // namespace pawl::config
