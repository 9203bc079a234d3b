// Reads a pipeline file (SPEC §1) into model/pipeline.h: pre-scan (size, depth, aliases, duplicate
// keys), then every key checked, then the DAG. All problems are reported, each with line and
// column.
//
// Pure but for Zone::load. Any thread. Hostile input: bounded time and memory, no crash.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/host_config.h"
#include "model/pipeline.h"
#include "model/source.h"

namespace pawl {

struct PipelineFileResult {
  std::vector<Pipeline> pipelines;  // empty when there are problems
  std::vector<Problem> problems;
  std::vector<Problem> warnings;  // what keeps nothing from running
  // Pipelines for other hosts: checked like the others, and left out. Where this host's policy is all that is wrong with
  // the file, also those for this host, as refused: none of the file comes into force.
  std::vector<Elsewhere> elsewhere;
};

// `origin` is copied into each pipeline, with file and line filled in; `host` gives the defaults
// (time zone, image) and the caps that pipelines may not exceed (checked here).
[[nodiscard]] PipelineFileResult parse_pipeline_file(std::string_view text, const Origin& origin,
                                                     const HostConfig& host);

}  // namespace pawl
