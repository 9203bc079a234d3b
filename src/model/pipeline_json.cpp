// One function each way per noun. Reading goes through Reader, which knows where it is in the tree,
// so that an error names the member ("tasks[2].retries.limit").
//
// What is read may come from a newer version, a damaged store or a hostile pull: every promise that
// model/pipeline.h makes to the core is checked again here. Unknown *words* (a new trigger type) are
// errors: leaving a trigger out silently would change what the pipeline does.
#include "model/pipeline_json.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "model/json_reader.h"
#include "model/task_json.h"
#include "model/trigger_json.h"

namespace pawl {
namespace {

using model_json::corrupt;
using model_json::read_word;
using model_json::Reader;
using model_json::strings;

constexpr std::array<std::string_view, 4> kParamTypes = {"string", "integer", "number", "boolean"};

constexpr std::array<std::string_view, 3> kOnConflicts = {"queue", "skip", "replace"};

// --- writing ---
//
// Members that came after the first version are written only where they differ from their default: a
// definition that does not use them keeps its hash.

Json param_json(const Param& param) {
  Json json;
  json.set("name", param.name);
  json.set("type", kParamTypes[static_cast<std::size_t>(param.type)]);
  json.set("enum", strings(param.allowed));
  json.set("default", param.fallback ? Json(*param.fallback) : Json());
  return json;
}

Json concurrency_json(const Concurrency& concurrency) {
  Json json;
  json.set("group", concurrency.group);
  json.set("limit", concurrency.limit);
  json.set("on_conflict", to_string(concurrency.on_conflict));
  return json;
}

Json hosts_json(const HostSelector& hosts) {
  Json labels = Json::object();
  for (const auto& [name, value] : hosts.labels) labels.set(name, value);
  Json json;
  json.set("names", strings(hosts.names));
  json.set("labels", std::move(labels));
  return json;
}

Json origin_json(const Origin& origin) {
  Json json;
  json.set("source", origin.source);
  json.set("file", origin.file);
  json.set("line", origin.line);
  json.set("revision", origin.revision);
  return json;
}

// --- reading ---

bool is_param_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || name.size() > limits::kNameBytes || !is_letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

Result<Param> read_param(const Reader& reader) {
  Param param;
  std::string type = "string";
  PAWL_CHECK(reader.read("name", param.name));
  PAWL_CHECK(reader.read("type", type));
  PAWL_CHECK(reader.read("enum", param.allowed));
  if (!is_param_name(param.name)) return corrupt(reader.path("name"), "is no param's name");
  const auto found = std::find(kParamTypes.begin(), kParamTypes.end(), type);
  if (found == kParamTypes.end()) {
    return corrupt(reader.path("type"), "must be string, integer, number or boolean, not '" +
                                            escape_control(type) + "'");
  }
  param.type = static_cast<ParamType>(found - kParamTypes.begin());
  if (!reader.member("default").is_null()) {
    PAWL_CHECK(reader.read("default", param.fallback.emplace()));
  }
  return param;
}

Result<void> read_origin(const Reader& pipeline, Origin& origin) {
  if (pipeline.member("origin").is_null()) return {};
  PAWL_TRY(const Reader reader, Reader::open(pipeline.member("origin"), "origin"));
  PAWL_CHECK(reader.read("source", origin.source));
  PAWL_CHECK(reader.read("file", origin.file));
  PAWL_CHECK(reader.read("line", origin.line, std::numeric_limits<std::uint32_t>::max()));
  PAWL_CHECK(reader.read("revision", origin.revision));
  return {};
}

Result<void> read_hosts(const Reader& pipeline, HostSelector& hosts) {
  if (pipeline.member("hosts").is_null()) return {};
  PAWL_TRY(const Reader reader, Reader::open(pipeline.member("hosts"), "hosts"));
  Variables labels;
  PAWL_CHECK(reader.read("names", hosts.names));
  PAWL_CHECK(reader.read("labels", labels));
  hosts.labels.insert(labels.begin(), labels.end());
  return {};
}

Result<void> check_starts(const Pipeline& pipeline) {
  for (const Trigger& trigger : pipeline.triggers) {
    const std::vector<std::uint32_t>* starts = nullptr;
    if (const auto* cron = std::get_if<CronTrigger>(&trigger)) starts = &cron->starts;
    if (const auto* webhook = std::get_if<WebhookTrigger>(&trigger)) starts = &webhook->starts;
    if (starts == nullptr) continue;
    for (const std::uint32_t index : *starts) {
      if (index >= pipeline.tasks.size() || pipeline.tasks[index].hook != Hook::kNone) {
        return corrupt("triggers", "must start with tasks of the pipeline");
      }
    }
  }
  return {};
}

Result<void> read_concurrency(const Reader& pipeline, std::optional<Concurrency>& out) {
  if (pipeline.member("concurrency").is_null()) return {};
  PAWL_TRY(const Reader reader, Reader::open(pipeline.member("concurrency"), "concurrency"));
  Concurrency concurrency;
  PAWL_CHECK(reader.read("group", concurrency.group));
  PAWL_CHECK(reader.read("limit", concurrency.limit, limits::kConcurrencyMax));
  PAWL_CHECK(read_word(reader, "on_conflict", kOnConflicts, concurrency.on_conflict));
  if (!is_valid_name(concurrency.group)) return corrupt("concurrency.group", "is no valid name");
  if (concurrency.limit == 0) return corrupt("concurrency.limit", "must be at least 1");
  out = std::move(concurrency);
  return {};
}

}  // namespace

std::string_view to_string(OnConflict conflict) {
  return kOnConflicts.at(static_cast<std::size_t>(conflict));
}

Json to_json(const Pipeline& pipeline) {
  Json triggers = Json::array();
  for (const Trigger& trigger : pipeline.triggers) {
    triggers.push(model_json::trigger_json(trigger));
  }
  Json params = Json::array();
  for (const Param& param : pipeline.params) params.push(param_json(param));
  Json tasks = Json::array();
  for (const Task& task : pipeline.tasks) tasks.push(model_json::task_json(task, pipeline.tasks));
  Json json;
  json.set("name", pipeline.name);
  json.set("title", pipeline.title);
  json.set("description", pipeline.description);
  json.set("triggers", std::move(triggers));
  json.set("params", std::move(params));
  json.set("tasks", std::move(tasks));
  if (pipeline.concurrency) json.set("concurrency", concurrency_json(*pipeline.concurrency));
  if (pipeline.priority != limits::kDefaultPriority) json.set("priority", pipeline.priority);
  if (pipeline.timeout_ms != 0) json.set("timeout_ms", pipeline.timeout_ms);
  if (pipeline.hosts != HostSelector{}) json.set("hosts", hosts_json(pipeline.hosts));
  json.set("origin", origin_json(pipeline.origin));
  return json;
}

Result<Pipeline> pipeline_from_json(const Json& json) {
  PAWL_TRY(const Reader reader, Reader::open(json, ""));
  Pipeline pipeline;
  PAWL_CHECK(reader.read("name", pipeline.name));
  if (!is_valid_name(pipeline.name)) return corrupt("name", "is no valid name");
  PAWL_CHECK(reader.read("title", pipeline.title));
  PAWL_CHECK(reader.read("description", pipeline.description));
  const auto add_trigger = [&](const Reader& item) -> Result<void> {
    PAWL_TRY(Trigger trigger, model_json::read_trigger(item));
    pipeline.triggers.push_back(std::move(trigger));
    return {};
  };
  PAWL_CHECK(reader.read_list("triggers", limits::kTriggers, add_trigger));
  std::set<std::string> names;
  const auto add_param = [&](const Reader& item) -> Result<void> {
    PAWL_TRY(Param param, read_param(item));
    if (!names.insert(param.name).second) return corrupt(item.path("name"), "is another param's");
    pipeline.params.push_back(std::move(param));
    return {};
  };
  PAWL_CHECK(reader.read_list("params", limits::kParams, add_param));
  PAWL_CHECK(model_json::read_tasks(reader, pipeline.tasks));
  PAWL_CHECK(check_starts(pipeline));
  PAWL_CHECK(read_hosts(reader, pipeline.hosts));
  PAWL_CHECK(read_concurrency(reader, pipeline.concurrency));
  PAWL_CHECK(reader.read("priority", pipeline.priority, limits::kPriorityMax));
  PAWL_CHECK(reader.read("timeout_ms", pipeline.timeout_ms, limits::kTimeoutMaxMs));
  PAWL_CHECK(read_origin(reader, pipeline.origin));
  return pipeline;
}

}  // namespace pawl
