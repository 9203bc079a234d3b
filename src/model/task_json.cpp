#include "model/task_json.h"

#include <algorithm>
#include <functional>
#include <map>

#include "model/dag.h"
#include "model/paths.h"

namespace pawl::model_json {
namespace {

Json secrets_json(const std::vector<SecretUse>& secrets) {
  Json list = Json::array();
  for (const SecretUse& secret : secrets) {
    Json json;
    json.set("name", secret.name);
    json.set(secret.file.empty() ? "env" : "file", secret.file.empty() ? secret.env : secret.file);
    list.push(std::move(json));
  }
  return list;
}

Json mounts_json(const std::vector<HostMount>& mounts) {
  Json list = Json::array();
  for (const HostMount& mount : mounts) {
    Json json;
    json.set("source", mount.source);
    json.set("target", mount.target);
    json.set("read_only", mount.read_only);
    list.push(std::move(json));
  }
  return list;
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

Result<void> read_secrets(const Reader& task, std::vector<SecretUse>& secrets) {
  return task.read_list("secrets", limits::kSecretUses, [&](const Reader& item) -> Result<void> {
    SecretUse secret;
    PAWL_CHECK(item.read("name", secret.name));
    PAWL_CHECK(item.read("file", secret.file));
    PAWL_CHECK(item.read("env", secret.env));
    const bool is_clear = secret.file.empty() != secret.env.empty();
    if (secret.name.empty() || !is_clear || (!secret.file.empty() && secret.file[0] != '/')) {
      return corrupt(item.path("name"), "is no use of a secret");
    }
    secrets.push_back(std::move(secret));
    return {};
  });
}

Result<void> read_mounts(const Reader& task, std::vector<HostMount>& mounts) {
  return task.read_list("mounts", limits::kSecretUses, [&](const Reader& item) -> Result<void> {
    HostMount mount;
    PAWL_CHECK(item.read("source", mount.source));
    PAWL_CHECK(item.read("target", mount.target));
    PAWL_CHECK(item.read("read_only", mount.read_only));
    if (mount.source != "/" && !is_plain_path(mount.source)) {
      return corrupt(item.path("source"), "is no plain absolute path");
    }
    if (!is_plain_path(mount.target)) {
      return corrupt(item.path("target"), "is no plain absolute path");
    }
    mounts.push_back(std::move(mount));
    return {};
  });
}

bool is_capability(const std::string& text) {
  return !text.empty() && !text.starts_with("CAP_") &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string::npos;
}

Result<void> read_capabilities(const Reader& task, std::vector<std::string>& capabilities) {
  PAWL_CHECK(task.read("cap_add", capabilities));
  const bool is_right = std::all_of(capabilities.begin(), capabilities.end(), is_capability) &&
                        std::adjacent_find(capabilities.begin(), capabilities.end(),
                                           std::greater_equal<>()) == capabilities.end();
  if (!is_right) return corrupt(task.path("cap_add"), "must list capabilities, sorted, each once");
  return {};
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

// One of the words that `parse` knows; `out` stays where the member is missing.
template <typename Enum>
Result<void> read_choice(const Reader& reader, std::string_view key,
                         std::optional<Enum> (*parse)(std::string_view), Enum& out) {
  std::string word;
  PAWL_CHECK(reader.read(key, word));
  if (word.empty()) return {};
  const std::optional<Enum> value = parse(word);
  if (!value) return corrupt(reader.path(key), "must not be '" + escape_control(word) + "'");
  out = *value;
  return {};
}

// An instance's is its base and what the matrix says, in brackets.
bool is_task_id(const Task& task) {
  if (task.base.empty()) return is_valid_name(task.id);
  const std::string& id = task.id;
  return is_valid_name(task.base) && id.size() <= limits::kInstanceIdBytes &&
         id.starts_with(task.base + "[") && id.ends_with("]");
}

Result<Task> read_task(const Reader& reader) {
  Task task;
  PAWL_CHECK(reader.read("id", task.id));
  PAWL_CHECK(reader.read("base", task.base));
  PAWL_CHECK(reader.read("matrix", task.matrix));
  if (!is_task_id(task)) return corrupt(reader.path("id"), "is no valid name");
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
  PAWL_CHECK(read_choice(reader, "trigger_rule", parse_trigger_rule, task.rule));
  PAWL_CHECK(reader.read("when", task.when));
  PAWL_CHECK(read_choice(reader, "hook", parse_hook, task.hook));
  PAWL_CHECK(read_secrets(reader, task.secrets));
  PAWL_CHECK(reader.read("outputs", task.outputs));
  PAWL_CHECK(reader.read("allow_failure", task.allow_failure));
  PAWL_CHECK(reader.read("kill_grace_ms", task.kill_grace_ms, limits::kKillGraceMaxMs));
  PAWL_CHECK(read_mounts(reader, task.mounts));
  PAWL_CHECK(read_capabilities(reader, task.cap_add));
  PAWL_CHECK(reader.read("privileged", task.privileged));
  return task;
}

}  // namespace

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
  if (!task.base.empty()) {
    json.set("base", task.base);
    json.set("matrix", variables(task.matrix));
  }
  if (task.rule != TriggerRule::kAllSuccess) json.set("trigger_rule", to_string(task.rule));
  if (!task.when.empty()) json.set("when", task.when);
  if (task.hook != Hook::kNone) json.set("hook", to_string(task.hook));
  if (!task.secrets.empty()) json.set("secrets", secrets_json(task.secrets));
  if (!task.outputs.empty()) json.set("outputs", strings(task.outputs));
  if (task.allow_failure) json.set("allow_failure", true);
  if (task.kill_grace_ms != limits::kKillGraceMs) json.set("kill_grace_ms", task.kill_grace_ms);
  if (!task.mounts.empty()) json.set("mounts", mounts_json(task.mounts));
  if (!task.cap_add.empty()) json.set("cap_add", strings(task.cap_add));
  if (task.privileged) json.set("privileged", true);
  return json;
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
  PAWL_CHECK(reader.read_list("tasks", limits::kTaskInstances, add));
  if (tasks.empty() || tasks.front().hook != Hook::kNone) {
    return corrupt("tasks", "must list at least one task");
  }
  for (std::size_t i = 1; i < tasks.size(); ++i) {
    if (tasks[i].hook < tasks[i - 1].hook) return corrupt("tasks", "must have the hooks last");
  }
  UpstreamLists upstream;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    std::set<std::uint32_t> indexes_of_task;
    for (const std::string& id : depends_on[i]) {
      const auto found = indexes.find(id);
      const std::string path = "tasks[" + std::to_string(i) + "].depends_on";
      if (found == indexes.end())
        return corrupt(path, "names no task: '" + escape_control(id) + "'");
      if (tasks[found->second].hook != tasks[i].hook)
        return corrupt(path, "crosses over to a hook: '" + id + "'");
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

}  // namespace pawl::model_json
