// The pipelines of one simulated host, drawn from the seed: small enough that everything ends soon, and
// with every feature of the core in use. Values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/pipeline.h"
#include "sim/random.h"

namespace pawl::sim {

// What a container does, by the first word of its command.
namespace behaviour {
inline constexpr const char* kOk = "ok";
inline constexpr const char* kFail = "fail";
inline constexpr const char* kFlaky = "flaky";        // fails at its first attempt
inline constexpr const char* kOom = "oom";            // is killed for its memory
inline constexpr const char* kLong = "long";          // lives until it is told to end
inline constexpr const char* kStubborn = "stubborn";  // likewise, and ignores SIGTERM
}  // namespace behaviour

// An image that cannot be had.
inline constexpr const char* kMissingImage = "missing";
// A param that has no default: only a person can give it.
inline constexpr const char* kRequiredParam = "level";
// No schedule that is looked at for silence waits longer than this between two ticks.
inline constexpr std::int64_t kLongestIntervalMs = 2 * 60'000;

[[nodiscard]] std::vector<std::string> make_names(Random& random);
// A new pipeline of that name; `names`: those it may follow.
[[nodiscard]] PipelinePtr make_pipeline(Random& random, const std::string& name,
                                        const std::vector<std::string>& names,
                                        std::uint32_t revision);
// One task that ends at once, for many runs.
[[nodiscard]] PipelinePtr make_small_pipeline(const std::string& name);

[[nodiscard]] bool has_frequent_ticks(const Pipeline& pipeline);
[[nodiscard]] bool has_interval_ticks(const Pipeline& pipeline);
[[nodiscard]] bool follows(const Pipeline& pipeline, const std::string& upstream, UpstreamEnd on);

}  // namespace pawl::sim
