// The schema that editors use is the one of the readers' key tables. schema_check.py holds it against
// pipelines; here it is held against its file.
#include "config/schema.h"

#include <set>

#include "base/file.h"
#include "config/pipeline_keys.h"
#include "loading.h"
#include "model/pipeline_json.h"

using namespace pawl;
using namespace pawl::config;

namespace {

const std::string kRoot = PAWL_SOURCE_ROOT;
const std::string kSchemaFile = kRoot + "/config/pipeline.schema.json";

void collect_references(const Json& json, std::set<std::string>& references) {
  for (const auto& [name, value] : json.members()) {
    if (name == "$ref") references.insert(value.as_string());
    collect_references(value, references);
  }
  for (const Json& item : json.items()) collect_references(item, references);
}

}  // namespace

TEST_CASE("config/pipeline.schema.json is what the key tables say") {
  const std::string text = pipeline_schema().dump(2) + "\n";
  if (std::getenv("PAWL_WRITE_SCHEMA") != nullptr) {
    std::ofstream(kSchemaFile, std::ios::binary) << text;
  }
  const Result<std::string> written = read_file(kSchemaFile, 1 << 20);
  REQUIRE(written.ok());
  INFO("to write it anew, run this program with PAWL_WRITE_SCHEMA=1 in its environment");
  const bool is_the_same = *written == text;
  CHECK(is_the_same);
}

TEST_CASE("every reference of the schema leads somewhere, and every table is referred to") {
  const Json schema = pipeline_schema();
  std::set<std::string> references;
  collect_references(schema, references);
  std::set<std::string> definitions;
  for (const auto& [name, value] : schema["$defs"].members()) definitions.insert("#/$defs/" + name);
  CHECK(references == definitions);
}

TEST_CASE("the schema has the readers' words, bounds and keys") {
  const Json schema = pipeline_schema();
  const Json& definitions = schema["$defs"];
  CHECK(definitions["trigger"]["properties"]["catchup"]["enum"] ==
        Json(Json::Array{"none", "latest", "all"}));
  CHECK(definitions["concurrency"]["properties"]["limit"]["maximum"] ==
        Json(std::int64_t{limits::kConcurrencyMax}));
  CHECK(definitions["task"]["additionalProperties"] == Json(false));
  CHECK(definitions["task"]["properties"]["needs"]["deprecated"] == Json(true));
  // Another tool's words are an error for the readers, so they are none of the schema's.
  CHECK_FALSE(definitions["task"]["properties"].contains("run"));
}

TEST_CASE("words that stand for an enum are in its order") {
  const auto rules = kTaskKeys.find("trigger_rule")->words;
  CHECK(rules.size() == static_cast<std::size_t>(TriggerRule::kAlways) + 1);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    CHECK(rules[i] == to_string(static_cast<TriggerRule>(i)));
  }
  const auto catchups = kTriggerKeys.find("catchup")->words;
  for (std::size_t i = 0; i < catchups.size(); ++i) {
    CHECK(catchups[i] == to_string(static_cast<Catchup>(i)));
  }
  const auto ends = kPipelineTriggerKeys.find("on")->words;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    CHECK(ends[i] == to_string(static_cast<UpstreamEnd>(i)));
  }
}

TEST_CASE("the parser refuses every one of the wrong pipelines that the schema is to refuse") {
  const Result<std::string> text =
      read_file(kRoot + "/tests/unit/config/wrong_pipelines.yaml", 1 << 20);
  REQUIRE(text.ok());
  constexpr std::string_view kMark = "\n---\n";
  std::size_t count = 0;
  for (std::size_t at = text->find(kMark); at != std::string::npos; ++count) {
    const std::size_t start = at + kMark.size();
    at = text->find(kMark, start);
    const std::string document = text->substr(start, at == std::string::npos ? at : at - start);
    CAPTURE(document);
    CHECK_FALSE(load(document).problems.empty());
  }
  CHECK(count >= 20);
}
