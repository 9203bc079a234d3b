// The tables themselves: what a reference or a schema would be written from.
#include "config/key_table.h"

#include <set>

#include "config/host_keys.h"
#include "config/pipeline_keys.h"
#include "loading.h"

using namespace pawl;
using namespace pawl::config;

namespace {

// A table and all below it, each once.
void collect(const KeyTable& table, std::set<const KeyTable*>& tables) {
  if (!tables.insert(&table).second) return;
  for (const Key& key : table.keys) {
    if (key.child != nullptr) collect(*key.child, tables);
  }
}

std::set<const KeyTable*> all_tables() {
  std::set<const KeyTable*> tables;
  collect(kPipelineKeys, tables);
  collect(kHostConfigKeys, tables);
  return tables;
}

bool has_child(ValueKind kind) {
  return kind == ValueKind::kMapping || kind == ValueKind::kMappings ||
         kind == ValueKind::kTextOrMapping || kind == ValueKind::kIntegerOrMapping ||
         kind == ValueKind::kTextsOrMappings || kind == ValueKind::kTextMappingOrList;
}

}  // namespace

TEST_CASE("tables are complete and without contradiction") {
  CHECK(all_tables().size() == 28);
  for (const KeyTable* table : all_tables()) {
    CAPTURE(table->subject);
    std::set<std::string_view> names;
    for (const Key& key : table->keys) {
      CAPTURE(key.name);
      CHECK(names.insert(key.name).second);
      CHECK_FALSE(key.summary.empty());
      CHECK((key.child != nullptr) == has_child(key.kind));
      CHECK((key.kind == ValueKind::kAny) ==
            (key.support == KeySupport::kLater || key.support == KeySupport::kForeign ||
             key.support == KeySupport::kNever));
    }
  }
}

TEST_CASE("another tool's word leads to a key that is built") {
  for (const KeyTable* table : all_tables()) {
    for (const Key& key : table->keys) {
      if (key.support != KeySupport::kForeign) continue;
      CAPTURE(key.name);
      const std::string_view own = key.summary.substr(0, key.summary.find_first_of("':"));
      REQUIRE(table->find(own) != nullptr);
      CHECK(table->find(own)->support == KeySupport::kBuilt);
    }
  }
}

TEST_CASE("every key that is not built yet is refused by name") {
  const auto refused = [](std::string_view key, const std::vector<std::string>& problems) {
    const std::string refusal =
        "key '" + std::string(key) + "' is not supported by this version of pawl";
    for (const std::string& problem : problems) {
      if (problem.find(refusal) != std::string::npos) return true;
    }
    return false;
  };
  const auto later_keys = [](const KeyTable& table) {
    std::vector<std::string> names;
    for (const Key& key : table.keys) {
      if (key.support == KeySupport::kLater) names.emplace_back(key.name);
    }
    CHECK_FALSE(names.empty());
    return names;
  };
  const auto host_problems = [](const std::string& text) {
    return lines(parse_host_config(text, "pawl.yaml", {}).problems);
  };
  CHECK(refused("telemetry", host_problems("telemetry: {otlp_endpoint: x}\n")));
  for (const auto& [section, table] :
       {std::pair{"http", &kHttpKeys}, std::pair{"secrets", &kSecretsKeys},
        std::pair{"webhooks", &kWebhooksKeys}}) {
    for (const std::string& key : later_keys(*table)) {
      CAPTURE(key);
      CHECK(refused(key, host_problems(std::string(section) + ": {" + key + ": {x: y}}\n")));
    }
  }
  for (const std::string& key : later_keys(kSourceAuthKeys)) {
    CAPTURE(key);
    CHECK(refused(
        key, host_problems("sources: [{name: a, url: 'https://x/y', auth: {" + key + ": z}}]\n")));
  }
  CHECK(refused("verify", host_problems("sources: [{name: a, url: /x, verify: {max_age: 3d}}]\n")));
}
