// One function each way per noun. Reading goes through Reader, which knows where it is in the tree,
// so that an error names the member ("tasks[2].retries.limit").
//
// What is read may come from a newer version, a damaged store or a hostile pull: every promise that
// model/pipeline.h makes to the core is checked again here. Unknown *words* (a new trigger type) are
// errors: leaving a trigger out silently would change what the pipeline does.
#include "model/pipeline_json.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "base/log.h"
#include "model/dag.h"

namespace pawl {
namespace {

constexpr std::array<std::string_view, 4> kParamTypes = {"string", "integer", "number", "boolean"};

constexpr std::array<std::string_view, 3> kCatchups = {"none", "latest", "all"};
constexpr std::array<std::string_view, 3> kUpstreamEnds = {"success", "failure", "completion"};
constexpr std::array<std::string_view, 3> kOnConflicts = {"queue", "skip", "replace"};

// --- writing ---
//
// Members that came after the first version are written only where they differ from their default: a
// definition that does not use them keeps its hash.

Json strings(const std::vector<std::string>& list) {
  Json json = Json::array();
  for (const std::string& item : list) json.push(item);
  return json;
}

Json variables(const Variables& list) {
  Json::Object members;
  for (const auto& [name, value] : list) members.emplace_back(name, value);
  return Json(std::move(members));
}

Json trigger_json(const CronTrigger& trigger) {
  Json json;
  json.set("type", "cron");
  json.set("expression", trigger.schedule.expression());
  json.set("seconds", trigger.schedule.has_seconds());
  json.set("timezone", trigger.zone.name());
  if (trigger.catchup != Catchup::kLatest) json.set("catchup", to_string(trigger.catchup));
  if (trigger.deadline_ms != 0) json.set("deadline_ms", trigger.deadline_ms);
  return json;
}

Json trigger_json(const PipelineTrigger& trigger) {
  Json json;
  json.set("type", "pipeline");
  json.set("name", trigger.pipeline);
  json.set("on", to_string(trigger.on));
  return json;
}

Json trigger_json(const WebhookTrigger& trigger) {
  Json json;
  json.set("type", "webhook");
  json.set("path", trigger.path);
  json.set("secrets", strings(trigger.secrets));
  return json;
}

Json param_json(const Param& param) {
  Json json;
  json.set("name", param.name);
  json.set("type", kParamTypes[static_cast<std::size_t>(param.type)]);
  json.set("enum", strings(param.allowed));
  json.set("default", param.fallback ? Json(*param.fallback) : Json());
  return json;
}

Json retries_json(const RetryPolicy& retries) {
  Json on = Json::array();
  if (retries.on.failed) on.push("failed");
  if (retries.on.timeout) on.push("timeout");
  if (retries.on.oom) on.push("oom");
  if (retries.on.lost) on.push("lost");
  Json json;
  json.set("limit", retries.limit);
  json.set("delay_ms", retries.delay_ms);
  json.set("backoff_percent", retries.backoff_percent);
  json.set("max_delay_ms", retries.max_delay_ms);
  json.set("on", std::move(on));
  return json;
}

Json task_json(const Task& task, const std::vector<Task>& tasks) {
  Json depends_on = Json::array();
  for (std::uint32_t index : task.upstream) depends_on.push(tasks.at(index).id);
  Json json;
  json.set("id", task.id);
  json.set("image", task.image);
  json.set("command", strings(task.command));
  json.set("depends_on", std::move(depends_on));
  json.set("env", variables(task.env));
  json.set("cpus_milli", task.cpus_milli);
  json.set("memory_bytes", task.memory_bytes);
  json.set("pids", task.pids);
  json.set("timeout_ms", task.timeout_ms);
  json.set("retries", retries_json(task.retries));
  json.set("network", task.network);
  json.set("user", task.user);
  json.set("read_only", task.read_only);
  return json;
}

Json concurrency_json(const Concurrency& concurrency) {
  Json json;
  json.set("group", concurrency.group);
  json.set("limit", concurrency.limit);
  json.set("on_conflict", to_string(concurrency.on_conflict));
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

Error corrupt(const std::string& path, const std::string& what) {
  return Error{ErrorKind::kCorrupt, (path.empty() ? "the pipeline" : path) + " " + what, {}};
}

// One object of the tree and its path. Each getter leaves `out`, which holds the default, as it is
// where the member is missing or null.
class Reader {
 public:
  static Result<Reader> open(const Json& json, std::string path) {
    if (!json.is_object()) return corrupt(path, "must be an object");
    return Reader(json, std::move(path));
  }

  [[nodiscard]] std::string path(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }
  [[nodiscard]] const Json& member(std::string_view key) const { return json_.get()[key]; }

  Result<void> read(std::string_view key, std::string& out) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_string()) return corrupt(path(key), "must be a string");
    out = json.as_string();
    return {};
  }

  Result<void> read(std::string_view key, bool& out) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_bool()) return corrupt(path(key), "must be true or false");
    out = json.as_bool();
    return {};
  }

  // An integer from 0 to `max`.
  template <typename Integer>
  Result<void> read(std::string_view key, Integer& out, std::int64_t max) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_integer() || json.as_integer() < 0 || json.as_integer() > max) {
      return corrupt(path(key), "must be an integer from 0 to " + std::to_string(max));
    }
    out = static_cast<Integer>(json.as_integer());
    return {};
  }

  Result<void> read(std::string_view key, std::vector<std::string>& out) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_array()) return corrupt(path(key), "must be a list of strings");
    out.clear();
    for (const Json& item : json.items()) {
      if (!item.is_string()) return corrupt(path(key), "must be a list of strings");
      out.push_back(item.as_string());
    }
    return {};
  }

  Result<void> read(std::string_view key, Variables& out) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_object()) return corrupt(path(key), "must be an object of strings");
    out.clear();
    std::set<std::string_view> names;
    for (const auto& [name, value] : json.members()) {
      if (!value.is_string()) return corrupt(path(key), "must be an object of strings");
      if (!names.insert(name).second) {
        return corrupt(path(key), "has '" + escape_control(name) + "' twice");
      }
      out.emplace_back(name, value.as_string());
    }
    return {};
  }

  // Calls `each(Reader)` for every object of a list of at most `max`.
  template <typename Function>
  Result<void> read_list(std::string_view key, std::size_t max, Function each) const {
    const Json& json = member(key);
    if (json.is_null()) return {};
    if (!json.is_array() || json.items().size() > max) {
      return corrupt(path(key), "must be a list of at most " + std::to_string(max));
    }
    for (std::size_t i = 0; i < json.items().size(); ++i) {
      PAWL_TRY(const Reader item, open(json.items()[i], path(key) + "[" + std::to_string(i) + "]"));
      PAWL_CHECK(each(item));
    }
    return {};
  }

 private:
  Reader(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  std::reference_wrapper<const Json> json_;
  std::string path_;
};

constexpr std::int64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();

// One of the words; `out` stays where the member is missing.
template <typename Words, typename Enum>
Result<void> read_word(const Reader& reader, std::string_view key, const Words& words, Enum& out) {
  std::string word;
  PAWL_CHECK(reader.read(key, word));
  if (word.empty()) return {};
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) {
    return corrupt(reader.path(key), "must not be '" + escape_control(word) + "'");
  }
  out = static_cast<Enum>(found - words.begin());
  return {};
}

Result<Trigger> read_pipeline_trigger(const Reader& reader) {
  PipelineTrigger trigger;
  PAWL_CHECK(reader.read("name", trigger.pipeline));
  if (!is_valid_name(trigger.pipeline)) return corrupt(reader.path("name"), "is no valid name");
  PAWL_CHECK(read_word(reader, "on", kUpstreamEnds, trigger.on));
  return Trigger(std::move(trigger));
}

Result<Trigger> read_cron(const Reader& reader) {
  std::string expression;
  bool seconds = false;
  std::string timezone = "UTC";
  PAWL_CHECK(reader.read("expression", expression));
  PAWL_CHECK(reader.read("seconds", seconds));
  PAWL_CHECK(reader.read("timezone", timezone));
  Result<CronSchedule> schedule = CronSchedule::parse(expression, seconds);
  if (!schedule) return corrupt(reader.path("expression"), "is wrong: " + schedule.error().text());
  Result<Zone> zone = Zone::load(timezone);
  if (!zone) return corrupt(reader.path("timezone"), "is wrong: " + zone.error().text());
  CronTrigger trigger{*std::move(schedule), *std::move(zone)};
  PAWL_CHECK(read_word(reader, "catchup", kCatchups, trigger.catchup));
  PAWL_CHECK(reader.read("deadline_ms", trigger.deadline_ms, kMaxInteger));
  return Trigger(std::move(trigger));
}

Result<Trigger> read_webhook(const Reader& reader) {
  WebhookTrigger trigger;
  PAWL_CHECK(reader.read("path", trigger.path));
  PAWL_CHECK(reader.read("secrets", trigger.secrets));
  if (trigger.path.empty() || trigger.path.size() > limits::kWebhookPathBytes) {
    return corrupt(reader.path("path"),
                   "must have 1 to " + std::to_string(limits::kWebhookPathBytes) + " characters");
  }
  return Trigger(std::move(trigger));
}

Result<Trigger> read_trigger(const Reader& reader) {
  std::string type;
  PAWL_CHECK(reader.read("type", type));
  if (type == "cron") return read_cron(reader);
  if (type == "webhook") return read_webhook(reader);
  if (type == "pipeline") return read_pipeline_trigger(reader);
  return corrupt(reader.path("type"),
                 "must be cron, webhook or pipeline, not '" + escape_control(type) + "'");
}

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

Result<void> read_retries(const Reader& task, RetryPolicy& retries) {
  if (task.member("retries").is_null()) return {};
  PAWL_TRY(const Reader reader, Reader::open(task.member("retries"), task.path("retries")));
  PAWL_CHECK(reader.read("limit", retries.limit, limits::kRetries));
  PAWL_CHECK(reader.read("delay_ms", retries.delay_ms, kMaxInteger));
  PAWL_CHECK(reader.read("backoff_percent", retries.backoff_percent,
                         std::numeric_limits<std::uint32_t>::max()));
  PAWL_CHECK(reader.read("max_delay_ms", retries.max_delay_ms, kMaxInteger));
  if (reader.member("on").is_null()) return {};
  std::vector<std::string> words;
  PAWL_CHECK(reader.read("on", words));
  retries.on = RetryOn{false, false, false, false};
  for (const std::string& word : words) {
    if (word == "failed") {
      retries.on.failed = true;
    } else if (word == "timeout") {
      retries.on.timeout = true;
    } else if (word == "oom") {
      retries.on.oom = true;
    } else if (word == "lost") {
      retries.on.lost = true;
    } else {
      return corrupt(reader.path("on"),
                     "must list failed, timeout, oom or lost, not '" + escape_control(word) + "'");
    }
  }
  return {};
}

Result<Task> read_task(const Reader& reader) {
  Task task;
  PAWL_CHECK(reader.read("id", task.id));
  if (!is_valid_name(task.id)) return corrupt(reader.path("id"), "is no valid name");
  PAWL_CHECK(reader.read("image", task.image));
  PAWL_CHECK(reader.read("command", task.command));
  PAWL_CHECK(reader.read("env", task.env));
  PAWL_CHECK(reader.read("cpus_milli", task.cpus_milli, kMaxInteger));
  PAWL_CHECK(reader.read("memory_bytes", task.memory_bytes, kMaxInteger));
  PAWL_CHECK(reader.read("pids", task.pids, kMaxInteger));
  PAWL_CHECK(reader.read("timeout_ms", task.timeout_ms, limits::kTimeoutMaxMs));
  PAWL_CHECK(read_retries(reader, task.retries));
  PAWL_CHECK(reader.read("network", task.network));
  PAWL_CHECK(reader.read("user", task.user));
  PAWL_CHECK(reader.read("read_only", task.read_only));
  return task;
}

// The tasks first, then what they name: a dependency may be written before its task.
Result<void> read_tasks(const Reader& reader, std::vector<Task>& tasks) {
  std::vector<std::vector<std::string>> depends_on;
  std::map<std::string, std::uint32_t> indexes;
  const auto add = [&](const Reader& item) -> Result<void> {
    PAWL_TRY(Task task, read_task(item));
    if (!indexes.emplace(task.id, static_cast<std::uint32_t>(tasks.size())).second) {
      return corrupt(item.path("id"), "'" + task.id + "' is another task's");
    }
    PAWL_CHECK(item.read("depends_on", depends_on.emplace_back()));
    tasks.push_back(std::move(task));
    return {};
  };
  PAWL_CHECK(reader.read_list("tasks", limits::kTasks, add));
  if (tasks.empty()) return corrupt("tasks", "must list at least one task");
  UpstreamLists upstream;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    std::set<std::uint32_t> indexes_of_task;
    for (const std::string& id : depends_on[i]) {
      const auto found = indexes.find(id);
      const std::string path = "tasks[" + std::to_string(i) + "].depends_on";
      if (found == indexes.end())
        return corrupt(path, "names no task: '" + escape_control(id) + "'");
      if (!indexes_of_task.insert(found->second).second)
        return corrupt(path, "has '" + id + "' twice");
    }
    tasks[i].upstream.assign(indexes_of_task.begin(), indexes_of_task.end());
    upstream.push_back(tasks[i].upstream);
  }
  const std::vector<std::uint32_t> cycle = find_cycle(upstream);
  if (cycle.empty()) return {};
  return corrupt("tasks", "depend on each other in a circle: '" + tasks[cycle.front()].id + "'");
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

std::string_view to_string(Catchup catchup) {
  return kCatchups.at(static_cast<std::size_t>(catchup));
}

std::string_view to_string(UpstreamEnd end) {
  return kUpstreamEnds.at(static_cast<std::size_t>(end));
}

std::string_view to_string(OnConflict conflict) {
  return kOnConflicts.at(static_cast<std::size_t>(conflict));
}

Json to_json(const Pipeline& pipeline) {
  Json triggers = Json::array();
  for (const Trigger& trigger : pipeline.triggers) {
    triggers.push(std::visit([](const auto& kind) { return trigger_json(kind); }, trigger));
  }
  Json params = Json::array();
  for (const Param& param : pipeline.params) params.push(param_json(param));
  Json tasks = Json::array();
  for (const Task& task : pipeline.tasks) tasks.push(task_json(task, pipeline.tasks));
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
    PAWL_TRY(Trigger trigger, read_trigger(item));
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
  PAWL_CHECK(read_tasks(reader, pipeline.tasks));
  PAWL_CHECK(read_concurrency(reader, pipeline.concurrency));
  PAWL_CHECK(reader.read("priority", pipeline.priority, limits::kPriorityMax));
  PAWL_CHECK(reader.read("timeout_ms", pipeline.timeout_ms, limits::kTimeoutMaxMs));
  PAWL_CHECK(read_origin(reader, pipeline.origin));
  return pipeline;
}

}  // namespace pawl
