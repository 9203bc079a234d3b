// What the tests of config/ share: loading text, and problems as lines of text.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "config/host_config_loader.h"
#include "config/pipeline_loader.h"

namespace pawl {

// Allows any image, the networks none and bridge, and everything up to pawl's own limits.
inline HostConfig permissive_host() {
  HostConfig host;
  host.file = "/etc/pawl/pawl.yaml";
  host.policy.images = {"*"};
  host.policy.networks = {"none", "bridge"};
  return host;
}

// What the tests' parser accepts, kept for schema_check.py where it asks for that.
inline void keep_accepted(std::string_view text) {
  const char* directory = std::getenv("PAWL_ACCEPTED_DIRECTORY");
  if (directory == nullptr) return;
  std::ofstream file(std::string(directory) + "/" + hex(sha256(text)) + ".yaml", std::ios::binary);
  file << text;
}

inline PipelineFileResult load(std::string_view text, const HostConfig& host = permissive_host()) {
  Origin origin;
  origin.source = "fleet";
  origin.file = "pipelines/p.yaml";
  origin.revision = "abc";
  PipelineFileResult result = parse_pipeline_file(text, origin, host);
  if (result.problems.empty()) keep_accepted(text);
  return result;
}

// "line:column: message"
inline std::vector<std::string> lines(const std::vector<Problem>& problems) {
  std::vector<std::string> result;
  for (const Problem& problem : problems) {
    result.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
                     problem.message);
  }
  return result;
}

inline std::vector<std::string> problems_of(std::string_view text,
                                            const HostConfig& host = permissive_host()) {
  PipelineFileResult result = load(text, host);
  const bool has_refused = std::any_of(result.elsewhere.begin(), result.elsewhere.end(),
                                       [](const Elsewhere& pipeline) { return pipeline.refused; });
  CHECK((result.pipelines.empty() && (result.elsewhere.empty() || has_refused)) ==
        !result.problems.empty());
  return lines(result.problems);
}

// Of a text without problems.
inline std::vector<std::string> warnings_of(std::string_view text,
                                            const HostConfig& host = permissive_host()) {
  const PipelineFileResult result = load(text, host);
  CHECK(lines(result.problems) == std::vector<std::string>{});
  return lines(result.warnings);
}

// The only pipeline of a text without problems.
inline Pipeline pipeline_of(std::string_view text, const HostConfig& host = permissive_host()) {
  PipelineFileResult result = load(text, host);
  CHECK(lines(result.problems) == std::vector<std::string>{});
  REQUIRE(result.pipelines.size() == 1);
  return std::move(result.pipelines.front());
}

// A pipeline of one task that has these lines besides its id and image; the first is line 6.
inline std::string with_task_lines(std::string_view indented_lines) {
  return "name: p\ndefaults:\n  image: alpine:3.20\ntasks:\n  - id: a\n" +
         std::string(indented_lines);
}

}  // namespace pawl

// Vectors of strings in failed assertions.
template <>
struct doctest::StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& value) {
    std::string text = "{\n";
    for (const std::string& item : value) text += "  " + item + "\n";
    return String((text + "}").c_str());
  }
};
