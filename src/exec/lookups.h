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

}  // namespace pawl
