// Definitions, pipelines in force, triggers, schedule marks, sources and the store's own facts as records. Layouts:
// docs/store-format.md. Pure but for Zone::load in decode_definition(); any thread.
//
// encode_*: kTooLarge when the whole is over its bound, kInvalid for a name that cannot be a key.
// decode_*: kCorrupt, naming the record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/action.h"
#include "model/pipeline.h"
#include "model/source.h"
#include "store/record.h"

namespace pawl::store {

// The whole pipeline as pipeline_json.h writes it, compressed.
[[nodiscard]] Result<Record> encode_definition(const Sha256& hash, const Pipeline& definition);
[[nodiscard]] Result<PipelinePtr> decode_definition(std::string_view key, std::string_view value);

// A pipeline in force: its definition, and where it comes from now (another revision may
// bring the same content).
struct StoredPipeline {
  std::string name;
  Sha256 definition{};
  Origin origin;
  bool operator==(const StoredPipeline&) const = default;
};
[[nodiscard]] Result<Record> encode_pipeline(const StoredPipeline& pipeline);
[[nodiscard]] Result<StoredPipeline> decode_pipeline(std::string_view key, std::string_view value);

// An accepted trigger: one line of the inbox.
struct StoredTrigger {
  std::string pipeline;
  std::string identity;
  RunId run;
  WallTime accepted_at;  // its run's created_at
  bool operator==(const StoredTrigger&) const = default;
};
[[nodiscard]] Result<Record> encode_trigger(const StoredTrigger& trigger);
[[nodiscard]] Result<StoredTrigger> decode_trigger(std::string_view key, std::string_view value);

using ScheduleMark = std::pair<std::string, WallTime>;
[[nodiscard]] Result<Record> encode_schedule_mark(const ScheduleMark& mark);
[[nodiscard]] Result<ScheduleMark> decode_schedule_mark(std::string_view key,
                                                        std::string_view value);

using StoredSuspension = std::pair<std::string, Suspension>;  // pipeline
[[nodiscard]] Result<Record> encode_suspension(const StoredSuspension& suspension);
[[nodiscard]] Result<StoredSuspension> decode_suspension(std::string_view key,
                                                         std::string_view value);

// What is over the bounds is left out: of the problems with a last one that says how many, of the pipelines for other
// hosts without.
[[nodiscard]] Result<Record> encode_source(const SourceState& source);
[[nodiscard]] Result<SourceState> decode_source(std::string_view key, std::string_view value);

// Table kMeta: "format", "instance", "last_run" and "former_instances"; "chain" is in chain_codec.h.
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kInstanceKey = "instance";
inline constexpr std::string_view kLastRunKey = "last_run";
inline constexpr std::string_view kFormerInstancesKey = "former_instances";

[[nodiscard]] Record encode_format(std::uint32_t format);
[[nodiscard]] Result<std::uint32_t> decode_format(std::string_view value);
[[nodiscard]] Record encode_instance(std::string_view instance_id);
[[nodiscard]] Result<std::string> decode_instance(std::string_view value);

// The newest last.
[[nodiscard]] Record encode_former_instances(const std::vector<std::string>& ids);
[[nodiscard]] Result<std::vector<std::string>> decode_former_instances(std::string_view value);

// Kept apart from the runs, so that removing the newest run never hands its number out again.
struct LastRun {
  RunId id;
  WallTime created_high;  // the highest created_at so far
  bool operator==(const LastRun&) const = default;
};
[[nodiscard]] Record encode_last_run(const LastRun& last);
[[nodiscard]] Result<LastRun> decode_last_run(std::string_view value);

}  // namespace pawl::store
