// Text → bounded tree (yaml_parser.h) → pipelines. Nothing is thrown away silently: each reader
// checks what it takes up, and the key tables refuse the rest.
//
// Rejected: a generic schema validator over the tree (its messages would speak of the schema, and
// the checks that matter, caps and graph, would be code anyway).
#include "config/pipeline_loader.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "config/dialect.h"
#include "config/host_selector_reader.h"
#include "config/image_check.h"
#include "config/names.h"
#include "config/notify_reader.h"
#include "config/param_reader.h"
#include "config/pipeline_keys.h"
#include "config/problem_list.h"
#include "config/reachability.h"
#include "config/reader.h"
#include "config/run_settings.h"
#include "config/task_reader.h"
#include "config/task_settings.h"
#include "config/trigger_reader.h"
#include "config/variables_reader.h"
#include "config/wording.h"
#include "config/yaml_parser.h"
#include "model/limits.h"
#include "model/pipeline_json.h"
#include "model/task_policy.h"

namespace pawl {
namespace {

using config::MappingReader;
using config::ValueReader;
using config::YamlNode;

// A display name is kept as the title, and the name is made from it.
void read_name(MappingReader& mapping, Pipeline& pipeline) {
  mapping.require("name");
  auto name = mapping.filled_text("name", limits::kTitleBytes);
  if (!name) return;
  pipeline.name = is_valid_name(*name) ? *name : config::slug(*name);
  if (pipeline.name.empty()) {
    mapping.values().add(
        mapping.place_of("name"),
        config::quoted(*name) + " is not a valid name (" + std::string(config::kNameRule) + ")");
  }
  if (pipeline.name != *name) pipeline.title = std::move(*name);
}

// The host as those pipelines are checked that are not for it: what they ask for is for their own hosts' policies.
HostConfig any_host(HostConfig host) {
  host.policy = HostPolicy{};
  host.policy.images = {"*"};
  host.policy.networks = {"*"};
  host.policy.mounts = {{"/", true}};
  host.policy.cap_add = {"*"};
  host.policy.privileged = true;
  host.policy.max_pids = limits::kPidsMax;
  host.policy.default_image = "default";
  host.defaults = HostDefaults{};
  return host;
}

// Where the tasks are written.
std::vector<config::Placed<std::string>> read_tasks(MappingReader& mapping, Pipeline& pipeline,
                                                    const HostConfig& host,
                                                    config::ImageCheck& images) {
  const auto params = config::read_params(mapping);
  for (const auto& param : params) pipeline.params.push_back(param.value);
  config::Environment env;
  if (const YamlNode* node = mapping.find("env")) {
    env = config::read_environment(mapping.values(), *node);
  }
  config::TaskSettings defaults;
  if (auto node = mapping.mapping("defaults")) {
    defaults = config::read_task_settings(*node, host, images);
  }
  config::TaskList list = config::read_tasks(mapping, {defaults, env, params, host, images});
  pipeline.tasks = std::move(list.tasks);
  return std::move(list.ids);
}

// The store keeps a definition as one record of JSON. That is written here for those only that may be over: it takes
// at most a few times what is counted.
void check_size(const Pipeline& pipeline, config::Place place, ValueReader& values) {
  constexpr std::size_t kTaskBytes = 1024;  // all but its texts and edges
  std::size_t bytes = 0;
  for (const Task& task : pipeline.tasks) {
    bytes += kTaskBytes;
    for (const std::string& word : task.command) bytes += word.size();
    for (const auto& [name, value] : task.env) bytes += name.size() + value.size();
    for (const std::uint32_t before : task.upstream) bytes += pipeline.tasks[before].id.size() + 3;
  }
  if (bytes <= limits::kDefinitionBytes / 8) return;
  bytes = to_json(pipeline).dump().size();
  if (bytes <= limits::kDefinitionBytes) return;
  values.add(place, "the pipeline takes " + config::format_size(static_cast<std::int64_t>(bytes)) +
                        " bytes with all its instances; at most " +
                        config::format_size(limits::kDefinitionBytes) +
                        " are kept: fewer instances, or shorter scripts and env");
}

// What was written has been judged where it stands; this is for what was filled in.
void check_whole_tasks(const std::vector<Pipeline>& pipelines, const HostPolicy& policy,
                       config::ProblemList& problems) {
  for (const Pipeline& pipeline : pipelines) {
    for (const Task& task : pipeline.tasks) {
      for (const std::string& reason : policy_refusals(policy, task)) {
        problems.refuse({pipeline.origin.line, 1},
                        "task " + config::quoted(task.id) + ": " + reason);
      }
    }
  }
}

// Of a file that this host refuses. `here`: its pipelines for this host, in the file's order; the problems are sorted.
void name_refused(std::vector<Elsewhere> here, const std::vector<Problem>& problems,
                  std::vector<Elsewhere>& elsewhere) {
  std::vector<std::size_t> counts(here.size(), 0);
  std::string first;
  for (const Problem& problem : problems) {
    const auto after = std::upper_bound(
        here.begin(), here.end(), problem.line,
        [](std::uint32_t line, const Elsewhere& each) { return line < each.line; });
    if (after == here.begin()) continue;
    Elsewhere& refused = *std::prev(after);
    if (counts[static_cast<std::size_t>(&refused - here.data())]++ == 0) {
      refused.why = "line " + std::to_string(problem.line) + ": " + problem.message;
    }
    if (first.empty()) first = refused.pipeline;
  }
  for (std::size_t i = 0; i < here.size(); ++i) {
    here[i].refused = true;
    if (counts[i] == 0) {
      here[i].why = "its file has the pipeline " + config::quoted(first) + " too, which is refused";
    } else if (counts[i] > 1) {
      here[i].why += " (and " + std::to_string(counts[i] - 1) + " more)";
    }
    elsewhere.push_back(std::move(here[i]));
  }
}

Pipeline read_pipeline(ValueReader& values, const YamlNode& document, const Origin& origin,
                       const HostConfig& this_host, config::ImageCheck& images) {
  Pipeline pipeline;
  pipeline.origin = origin;
  pipeline.origin.line = document.place.line;
  MappingReader mapping(values, document, config::kPipelineKeys, "a pipeline");
  if (document.kind != YamlNode::Kind::kMapping) return pipeline;
  read_name(mapping, pipeline);
  pipeline.description = mapping.text("description", limits::kDescriptionBytes).value_or("");
  pipeline.hosts = config::read_host_selector(mapping);
  std::optional<HostConfig> other_host;
  if (why_not_here(pipeline.hosts, this_host)) other_host = any_host(this_host);
  const HostConfig& host = other_host ? *other_host : this_host;
  config::read_run_settings(mapping, pipeline);
  const auto ids = read_tasks(mapping, pipeline, host, images);
  pipeline.triggers = config::read_triggers(mapping, pipeline, host);
  config::check_notifications(mapping);
  if (values.problems().empty()) {
    config::warn_of_unreachable(pipeline, ids, values);
    check_size(pipeline, document.place, values);
  }
  return pipeline;
}

}  // namespace

PipelineFileResult parse_pipeline_file(std::string_view text, const Origin& origin,
                                       const HostConfig& host) {
  config::ProblemList problems(origin.file);
  config::YamlFile file = config::parse_yaml(text, limits::kPipelineFileBytes, problems);
  ValueReader values(problems, /*refuse_expressions=*/true);
  config::ImageCheck images(values, host);
  PipelineFileResult result;
  std::unordered_map<std::string, std::uint32_t> lines;
  std::vector<Elsewhere> here;
  bool is_empty = true;
  for (const YamlNode* document : file.documents) {
    // What a trailing '---' leaves.
    if (document->kind == YamlNode::Kind::kNull) continue;
    is_empty = false;
    document = &config::to_todays_form(file, *document, problems);
    Pipeline pipeline = read_pipeline(values, *document, origin, host, images);
    if (auto why = why_not_here(pipeline.hosts, host)) {
      result.elsewhere.push_back(
          {pipeline.name, origin.file, pipeline.origin.line, std::move(*why)});
      continue;
    }
    here.push_back({pipeline.name, origin.file, pipeline.origin.line, {}});
    if (!pipeline.name.empty()) {
      const auto [first, is_new] = lines.emplace(pipeline.name, pipeline.origin.line);
      const YamlNode* name = document->find("name");
      if (!is_new && name != nullptr) {
        problems.add(name->place, "pipeline " + config::quoted(pipeline.name) +
                                      " is given twice in this file; the first starts in line " +
                                      std::to_string(first->second));
      }
    }
    if (problems.empty()) result.pipelines.push_back(std::move(pipeline));
  }
  images.finish();
  if (problems.empty()) check_whole_tasks(result.pipelines, host.policy, problems);
  if (is_empty && problems.empty()) {
    problems.add({1, 1}, "the file has no pipeline; delete the file if it is meant to have none");
  }
  const bool is_refused = problems.only_refusals();
  result.problems = problems.take();
  if (!result.problems.empty()) result.pipelines.clear();
  if (is_refused) {
    name_refused(std::move(here), result.problems, result.elsewhere);
  } else if (!result.problems.empty()) {
    result.elsewhere.clear();
  }
  result.warnings = problems.take_warnings();
  return result;
}

}  // namespace pawl
