#include "config/run_settings.h"

#include "config/names.h"
#include "config/wording.h"
#include "config/yaml_scalar.h"

namespace pawl::config {
namespace {

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
  const auto limit = mapping->integer("limit");
  if (limit) concurrency.limit = static_cast<std::uint32_t>(*limit);
  concurrency.on_conflict =
      mapping->choice<OnConflict>("on_conflict").value_or(concurrency.on_conflict);
  return concurrency;
}

}  // namespace

void read_run_settings(MappingReader& pipeline, Pipeline& result) {
  if (const YamlNode* node = pipeline.find("concurrency")) {
    result.concurrency = read_concurrency(pipeline, *node, result.name);
  }
  const auto priority = pipeline.integer("priority");
  if (priority) result.priority = static_cast<std::uint32_t>(*priority);
  result.timeout_ms = pipeline.duration_ms("timeout").value_or(result.timeout_ms);
}

}  // namespace pawl::config
