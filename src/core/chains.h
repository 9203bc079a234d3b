// Pipeline triggers: a run that ended makes runs of the pipelines that follow its own. Internal to core/.
//
// They are made in the step that ends the run, so that one commit holds both: none is lost, none doubled. A chain
// that would come back to a pipeline before it, or that is limits::kTriggerDepth long, ends with a run
// that is skipped and says why.
#pragma once

#include <map>
#include <string>

#include "core/context.h"

namespace pawl {

// Follows every run that ended in this step.
void follow_ended(StepContext& context);

// Keeps State::followers: `pipeline` comes into force or goes out of it.
void add_follower(State& state, const Pipeline& pipeline);
void drop_follower(State& state, const Pipeline& pipeline);

// Whether a run of `start` can, by way of pipeline triggers, come after one of `target`.
// `budget`: pipelines that may still be looked at; false when it runs out.
[[nodiscard]] bool comes_after(const std::map<std::string, PipelineEntry>& pipelines,
                               const std::string& start, const std::string& target,
                               std::size_t& budget);

}  // namespace pawl
