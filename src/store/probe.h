// Whether the agent can work on an opened store at all. LMDB opens a file whose first pages make sense; one whose tables
// cannot be entered would be found out by the first commit only, and refuse each one.
#pragma once

#include "base/result.h"
#include "store/environment.h"

namespace pawl::store {

// Enters each table at both ends, and finds the last run's number. kCorrupt where that cannot be done. What is damaged
// further inside is set aside record by record when it is met.
[[nodiscard]] Result<void> probe(const Environment& environment);

}  // namespace pawl::store
