// Reads `env` mappings. One thread.
#pragma once

#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

// NAME: value, in the order written. Values keep the text they were written with, numbers included.
[[nodiscard]] Variables read_variables(ValueReader& values, const YamlNode& node);

// Later ones win; a variable keeps its first place in the order.
void overlay(Variables& variables, const Variables& later);

}  // namespace pawl::config
