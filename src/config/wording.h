// Pieces of messages: the model's and base's, under the names that the readers use. Pure; any thread.
#pragma once

#include "base/spelling.h"
#include "model/wording.h"

namespace pawl::config {

using pawl::format_cpus;
using pawl::format_exact_duration;
using pawl::format_size;
using pawl::listed;
using pawl::quoted;

}  // namespace pawl::config
