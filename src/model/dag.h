// The graph of a pipeline's tasks. Pure functions over "upstream" lists of indexes; any thread.
#pragma once

#include <cstdint>
#include <vector>

namespace pawl {

using UpstreamLists = std::vector<std::vector<std::uint32_t>>;

// The tasks of one cycle, each depending on the next and the last on the first (which is not
// repeated at the end), the lowest index first; empty when there is none.
// Indexes out of range are ignored (the caller reported them).
[[nodiscard]] std::vector<std::uint32_t> find_cycle(const UpstreamLists& upstream);

// downstream[i] lists the tasks that name i in their upstream, rising.
[[nodiscard]] UpstreamLists invert(const UpstreamLists& upstream);

// The longest path from a root to each task: 0 for roots. The graph must have no cycle.
[[nodiscard]] std::vector<std::uint32_t> levels(const UpstreamLists& upstream);

}  // namespace pawl
