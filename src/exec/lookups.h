// What exec/ asks of the agent: two functions, called on any thread of the pool.
#pragma once

#include <functional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "model/run.h"

namespace pawl {

// The bytes of a secret's file. An error says why there are none; its context is where the file would be.
using ReadSecret = std::function<Result<std::string>(const std::string& name)>;

// What the store has of a run. kNotFound: it has none of that number.
using FindRun = std::function<Result<RunDetail>(RunId run)>;

// Whether nothing of the run can go on. What cannot be told stays: nothing is lost by that.
[[nodiscard]] inline bool is_over(const FindRun& find_run, RunId run) {
  if (!find_run) return false;
  const auto detail = find_run(run);
  if (!detail) return detail.error().kind == ErrorKind::kNotFound;
  return is_final(detail->run.status);
}

}  // namespace pawl
