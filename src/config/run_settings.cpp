#include "config/run_settings.h"

#include <algorithm>
#include <array>

#include "config/names.h"
#include "config/wording.h"
#include "config/yaml_scalar.h"

namespace pawl::config {
namespace {

// In the order of the enum.
constexpr std::array<std::string_view, 3> kOnConflicts = {"queue", "skip", "replace"};

bool check_group(const std::string& group, Place place, ValueReader& values) {
  if (is_valid_name(group)) return true;
  const std::string proposal = slug(group);
  values.add(place, quoted(group) + " is not a valid group (" + std::string(kNameRule) + ")" +
                        (proposal.empty() ? "" : "; use '" + proposal + "'"));
  return false;
}

void read_short_form(const YamlNode& node, ValueReader& values, Concurrency& concurrency) {
  auto group = values.filled_text(node, "'concurrency'", limits::kValueBytes);
  if (!group) return;
  if (node.is_plain && parse_core_integer(*group)) {
    values.add(node.place,
               "'concurrency' is the name of a group, or a mapping; for a limit alone write "
               "{limit: " +
                   *group + "}");
    return;
  }
  if (check_group(*group, node.place, values)) concurrency.group = std::move(*group);
}

Concurrency read_concurrency(MappingReader& pipeline, const YamlNode& node,
                             const std::string& name) {
  Concurrency concurrency;
  concurrency.group = name;
  if (node.kind != YamlNode::Kind::kMapping) {
    read_short_form(node, pipeline.values(), concurrency);
    return concurrency;
  }
  auto mapping = pipeline.mapping("concurrency");
  auto group = mapping->filled_text("group", limits::kValueBytes);
  if (group && check_group(*group, mapping->place_of("group"), mapping->values())) {
    concurrency.group = std::move(*group);
  }
  const auto limit = mapping->integer("limit", {1, limits::kConcurrencyMax});
  if (limit) concurrency.limit = static_cast<std::uint32_t>(*limit);
  if (const auto word = mapping->word("on_conflict", kOnConflicts)) {
    const auto* found = std::find(kOnConflicts.begin(), kOnConflicts.end(), *word);
    concurrency.on_conflict = static_cast<OnConflict>(found - kOnConflicts.begin());
  }
  return concurrency;
}

}  // namespace

void read_run_settings(MappingReader& pipeline, Pipeline& result) {
  if (const YamlNode* node = pipeline.find("concurrency")) {
    result.concurrency = read_concurrency(pipeline, *node, result.name);
  }
  const auto priority = pipeline.integer("priority", {0, limits::kPriorityMax});
  if (priority) result.priority = static_cast<std::uint32_t>(*priority);
  result.timeout_ms =
      pipeline.duration_ms("timeout", {1000, limits::kTimeoutMaxMs}).value_or(result.timeout_ms);
}

}  // namespace pawl::config
