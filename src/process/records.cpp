#include "process/records.h"

#include "base/json.h"

namespace pawl {
namespace {

// The format's version: a later pawl must be able to tell what an earlier one left running.
constexpr int kFormat = 1;

Result<Json> object_of(std::string_view text) {
  auto json = Json::parse(text);
  if (!json || !json->is_object() || (*json)["format"].as_integer() != kFormat) {
    return Error{ErrorKind::kCorrupt, "the record is damaged", {}};
  }
  return json;
}

Json begin() { return Json::object().set("format", kFormat); }

Json strings(const std::map<std::string, std::string>& values) {
  Json object = Json::object();
  for (const auto& [key, value] : values) object.set(key, value);
  return object;
}

std::map<std::string, std::string> strings(const Json& object) {
  std::map<std::string, std::string> values;
  for (const auto& [key, value] : object.members()) values[key] = value.as_string();
  return values;
}

}  // namespace

std::string encode(const ProcessSpec& spec) {
  Json command = Json::array();
  for (const std::string& word : spec.command) command.push(word);
  return begin()
      .set("id", spec.id)
      .set("labels", strings(spec.labels))
      .set("image", spec.image)
      .set("command", std::move(command))
      .set("volume", spec.volume)
      .set("volume_target", spec.volume_target)
      .set("volume_path", spec.volume_path)
      .set("output_target", spec.output_target)
      .set("output_path", spec.output_path)
      .set("cpus_milli", spec.cpus_milli)
      .set("memory_bytes", spec.memory_bytes)
      .set("pids", spec.pids)
      .set("cgroup_unified", spec.cgroup.unified)
      .set("cgroup", strings(spec.cgroup.controllers))
      .set("own_network", spec.own_network)
      .set("own_user", spec.own_user)
      .set("uid", spec.uid)
      .set("gid", spec.gid)
      .set("privileged", spec.privileged)
      .dump();
}

Result<ProcessSpec> decode_spec(std::string_view text) {
  PAWL_TRY(const Json json, object_of(text));
  ProcessSpec spec;
  spec.id = json["id"].as_string();
  spec.labels = strings(json["labels"]);
  spec.image = json["image"].as_string();
  for (const Json& word : json["command"].items()) spec.command.push_back(word.as_string());
  spec.volume = json["volume"].as_string();
  spec.volume_target = json["volume_target"].as_string();
  spec.volume_path = json["volume_path"].as_string();
  spec.output_target = json["output_target"].as_string();
  spec.output_path = json["output_path"].as_string();
  spec.cpus_milli = json["cpus_milli"].as_integer();
  spec.memory_bytes = json["memory_bytes"].as_integer();
  spec.pids = json["pids"].as_integer();
  spec.cgroup.unified = json["cgroup_unified"].as_bool();
  spec.cgroup.controllers = strings(json["cgroup"]);
  spec.own_network = json["own_network"].as_bool();
  spec.own_user = json["own_user"].as_bool();
  spec.uid = static_cast<uid_t>(json["uid"].as_integer());
  spec.gid = static_cast<gid_t>(json["gid"].as_integer());
  spec.privileged = json["privileged"].as_bool();
  if (spec.id.empty() || spec.command.empty()) {
    return Error{ErrorKind::kCorrupt, "the record is damaged", {}};
  }
  return spec;
}

std::string encode(const Variables& variables) {
  Json list = Json::array();
  for (const auto& [name, value] : variables) list.push(Json::array().push(name).push(value));
  return begin().set("variables", std::move(list)).dump();
}

Result<Variables> decode_variables(std::string_view text) {
  PAWL_TRY(const Json json, object_of(text));
  Variables variables;
  for (const Json& pair : json["variables"].items()) {
    if (pair.items().size() != 2) return Error{ErrorKind::kCorrupt, "the record is damaged", {}};
    variables.emplace_back(pair.items()[0].as_string(), pair.items()[1].as_string());
  }
  return variables;
}

std::string encode(const StartRecord& record) {
  return begin().set("boot_id", record.boot_id).set("at", record.at.ms).dump();
}

Result<StartRecord> decode_start(std::string_view text) {
  PAWL_TRY(const Json json, object_of(text));
  return StartRecord{json["boot_id"].as_string(), WallTime{json["at"].as_integer()}};
}

std::string encode(const RunRecord& record) {
  return begin()
      .set("boot_id", record.boot_id)
      .set("started_at", record.started_at.ms)
      .set("supervisor", record.supervisor)
      .set("task", record.task)
      .set("task_start_ticks", record.task_start_ticks)
      .dump();
}

Result<RunRecord> decode_run(std::string_view text) {
  PAWL_TRY(const Json json, object_of(text));
  RunRecord record;
  record.boot_id = json["boot_id"].as_string();
  record.started_at.ms = json["started_at"].as_integer();
  record.supervisor = static_cast<pid_t>(json["supervisor"].as_integer());
  record.task = static_cast<pid_t>(json["task"].as_integer());
  record.task_start_ticks = json["task_start_ticks"].as_integer();
  // Signalled as they are: 0 and -1 would be everybody.
  if (record.supervisor <= 1 || record.task <= 1) {
    return Error{ErrorKind::kCorrupt, "the record is damaged", {}};
  }
  return record;
}

std::string encode(const EndRecord& record) {
  return begin()
      .set("exit_code", record.exit_code)
      .set("started_at", record.started_at.ms)
      .set("ended_at", record.ended_at.ms)
      .set("oom_killed", record.oom_killed)
      .set("error", record.error)
      .set("log_lost", record.log_lost)
      .set("peak_memory_bytes", record.usage.peak_memory_bytes)
      .set("cpu_ms", record.usage.cpu_ms)
      .set("throttled_ms", record.usage.throttled_ms)
      .dump();
}

Result<EndRecord> decode_end(std::string_view text) {
  PAWL_TRY(const Json json, object_of(text));
  EndRecord record;
  record.exit_code = static_cast<std::int32_t>(json["exit_code"].as_integer(-1));
  record.started_at.ms = json["started_at"].as_integer();
  record.ended_at.ms = json["ended_at"].as_integer();
  record.oom_killed = json["oom_killed"].as_bool();
  record.error = json["error"].as_string();
  record.log_lost = json["log_lost"].as_bool();
  record.usage.peak_memory_bytes = json["peak_memory_bytes"].as_integer();
  record.usage.cpu_ms = json["cpu_ms"].as_integer();
  record.usage.throttled_ms = json["throttled_ms"].as_integer();
  if (record.exit_code < 0 || !record.ended_at.is_set()) {
    return Error{ErrorKind::kCorrupt, "the record is damaged", {}};
  }
  return record;
}

std::string encode(const std::map<std::string, std::string>& labels) {
  return begin().set("labels", strings(labels)).dump();
}

Result<std::map<std::string, std::string>> decode_labels(std::string_view text) {
  PAWL_TRY(const Json json, object_of(text));
  return strings(json["labels"]);
}

}  // namespace pawl
