// What is known of a source: stored, shown and passed to the core. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/pipeline.h"

namespace pawl {

// One problem in a file, as `file:line:column: error: message`. line 0: the whole file.
struct Problem {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string message;
  [[nodiscard]] std::string text() const;
  bool operator==(const Problem&) const = default;
};

// A pipeline that does not run here, being meant for other hosts (SPEC: hosts) or refused by this host's policy: named, so
// that an operator can ask why.
struct Elsewhere {
  std::string pipeline;
  std::string file;
  std::uint32_t line = 0;
  std::string why;       // "hosts.names has edge-*, and this host is core-1"
  bool refused = false;  // by the policy; the file's problems have the details
  bool operator==(const Elsewhere&) const = default;
};

struct SourceState {
  std::string name;
  std::string url;       // without credentials
  std::string revision;  // of the pipelines that are in force; empty: never pulled
  WallTime pulled_at;    // last pull that succeeded
  WallTime attempted_at;
  std::string error;                   // of the last pull; empty: it succeeded
  std::vector<Problem> problems;       // of the last revision's files
  std::uint32_t pipelines = 0;         // in force from this source
  std::vector<Elsewhere> elsewhere{};  // at most limits::kElsewhere
  bool operator==(const SourceState&) const = default;
};

// What a pull brought: every pipeline file of a revision, parsed. A file with problems has
// `broken` set and keeps its last good pipelines running.
struct SourceFile {
  std::string path;
  bool broken = false;
  std::vector<PipelinePtr> pipelines;
  std::vector<Elsewhere> elsewhere{};
};

}  // namespace pawl
