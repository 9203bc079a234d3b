// Plausible pipelines, runs and logs for tests, each different where its number differs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "model/log_chunk.h"
#include "model/pipeline.h"
#include "model/run.h"

namespace pawl::samples {

inline constexpr std::int64_t kStartMs = 1'700'000'000'000;

inline Pipeline pipeline(const std::string& name, const std::string& image = "alpine:3.20") {
  Pipeline made;
  made.name = name;
  made.description = "what " + name + " does";
  made.triggers.push_back(WebhookTrigger{name, {"hook"}});
  made.params.push_back(Param{"level", ParamType::kString, {"full", "delta"}, "delta"});
  for (const char* id : {"build", "test"}) {
    Task task;
    task.id = id;
    task.image = image;
    task.command = {"sh", "-c", "true"};
    task.env = {{"STAGE", "prod"}};
    made.tasks.push_back(std::move(task));
  }
  made.tasks[1].upstream = {0};
  made.origin = Origin{"fleet", "pipelines/" + name + ".yaml", 1, std::string(40, 'a')};
  return made;
}

inline PipelinePtr pipeline_ptr(const std::string& name, const std::string& image = "alpine:3.20") {
  return std::make_shared<const Pipeline>(pipeline(name, image));
}

// Created `id` seconds after kStartMs.
inline Run run(std::uint64_t id, const std::string& pipeline_name = "build",
               Status status = Status::kPending, TriggerKind trigger = TriggerKind::kManual) {
  Run made;
  made.id = RunId{id};
  made.pipeline = pipeline_name;
  made.status = status;
  made.trigger = {trigger, "identity-" + std::to_string(id), "uid 1000", {}};
  made.params = {{"level", "full"}, {"empty", ""}};
  made.revision = std::string(40, 'b');
  made.created_at = WallTime{kStartMs + static_cast<std::int64_t>(id) * 1000};
  if (status != Status::kPending) made.started_at = made.created_at.plus_ms(10);
  if (is_final(status)) made.ended_at = made.created_at.plus_ms(500);
  return made;
}

inline TaskState task(std::uint64_t run_id, std::uint32_t index, Status status = Status::kPending) {
  TaskState made;
  made.run = RunId{run_id};
  made.index = index;
  made.status = status;
  made.message = "task " + std::to_string(index);
  made.attempts = 1;
  made.started_at = WallTime{kStartMs + index};
  return made;
}

inline Attempt attempt(std::uint64_t run_id, std::uint32_t task_index, std::uint32_t number,
                       Status status = Status::kRunning) {
  Attempt made;
  made.key = {RunId{run_id}, task_index, number};
  made.status = status;
  made.container_id = std::string(64, 'c');
  if (is_final(status)) made.exit_code = static_cast<std::int32_t>(number) - 2;
  made.created_at = WallTime{kStartMs + number};
  return made;
}

inline SourceState source(const std::string& name) {
  SourceState made;
  made.name = name;
  made.url = "https://git.example.net/" + name + ".git";
  made.revision = std::string(40, 'd');
  made.pulled_at = WallTime{kStartMs};
  made.attempted_at = WallTime{kStartMs + 1};
  made.error = "the remote did not answer";
  made.problems = {{"pipelines/a.yaml", 3, 7, "unknown key 'imgae'"}, {"b.yaml", 0, 0, "empty"}};
  made.pipelines = 2;
  return made;
}

// Records "line <first>\n", "line <first+1>\n", ... of `text_bytes` bytes each, one nanosecond apart.
inline LogChunk lines(const AttemptKey& key, std::uint64_t first, std::size_t count,
                      std::size_t text_bytes = 100) {
  LogChunk chunk{key, {}};
  for (std::uint64_t i = first; i < first + count; ++i) {
    std::string text = "line " + std::to_string(i) + " ";
    text.resize(text_bytes - 1, '.');
    chunk.records.push_back(
        {LogStream::kStdout, kStartMs * 1'000'000 + static_cast<std::int64_t>(i), text + "\n"});
  }
  return chunk;
}

}  // namespace pawl::samples
