// What attempts used and tasks could do with, for people: shared by `show`, `pipeline explain` and `status`. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace pawl::cli {

// "31 MiB", "1.5 GiB": at most one decimal.
[[nodiscard]] std::string size_text(std::int64_t bytes);
// Of an attempt: "peak 31 MiB, 1.2 s CPU, throttled 0.3 s, SIGKILL, out of memory"; empty where nothing is known.
[[nodiscard]] std::string used_text(const Json& attempt);
// Of an explained task: "memory: 96m (peak 61 MiB in 20 attempts; cap 256m)"; empty where its caps do.
[[nodiscard]] std::string suggestion_text(const Json& task);

}  // namespace pawl::cli
