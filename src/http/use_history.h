// What the tasks of a pipeline used in its last runs, read from the store: one short read for each run, and for each
// definition that is no longer in force. Thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/cap_suggestion.h"
#include "model/host_config.h"
#include "model/pipeline.h"
#include "ports/store.h"

namespace pawl::http {

// For each task of the pipeline, by index. Runs of other definitions count where they have a task of the same id; what is
// damaged or was removed meanwhile is left out. Errors: as StoreReader::runs().
[[nodiscard]] Result<std::vector<TaskUse>> read_use(const StoreReader& store,
                                                    const Pipeline& pipeline);

// `tasks` of an explained pipeline, each with `use` and `suggested` (docs/api.md). `uses`: by index. Pure.
[[nodiscard]] Json with_use(const Pipeline& pipeline, const HostPolicy& policy, const Json& tasks,
                            const std::vector<TaskUse>& uses);

}  // namespace pawl::http
