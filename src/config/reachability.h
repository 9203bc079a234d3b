// Tasks that no run can ever reach. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

// Warns of tasks whose `when` is always false or whose trigger rule can never hold. The pipeline is without problems;
// `ids` says where its tasks are written.
void warn_of_unreachable(const Pipeline& pipeline, const std::vector<Placed<std::string>>& ids,
                         ValueReader& values);

}  // namespace pawl::config
