// What a trigger asks of its runs: values for params, and the tasks that they begin with. Checked
// against the pipeline's params and tasks, which are read before. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/expression_check.h"
#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

// A trigger as it is written: the item of `triggers`, and its kind's long form where there is one.
// `params` and `tasks` may stand in either, but not in both.
struct TriggerForm {
  MappingReader& item;
  MappingReader* long_form = nullptr;
};

// In the order written. Those that are wrong are in it too, and there is a problem. With `expressions` (a
// webhook's) values may have ${{ }}.
[[nodiscard]] Variables read_trigger_params(const TriggerForm& form, const Pipeline& pipeline,
                                            ExpressionCheck* expressions = nullptr);
// Indexes of the named tasks, with every instance of one that has a matrix.
[[nodiscard]] std::vector<std::uint32_t> read_starts(const TriggerForm& form,
                                                     const Pipeline& pipeline);

// A run must have a value for each param. `what` names the trigger.
void check_params_complete(ValueReader& values, Place place, const std::string& what,
                           const Variables& given, const Pipeline& pipeline);

}  // namespace pawl::config
