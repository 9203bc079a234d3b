// The files that people copy from must load.
#include <filesystem>
#include <set>

#include "base/file.h"
#include "config/host_keys.h"
#include "loading.h"

using namespace pawl;
using Lines = std::vector<std::string>;

namespace {

const std::filesystem::path kRoot = PAWL_SOURCE_ROOT;

HostConfig example_host() {
  HostEnvironment environment;
  environment.host_name = "host";
  const HostConfigResult result =
      load_host_config((kRoot / "config/pawl.yaml").string(), environment);
  CHECK(lines(result.problems) == Lines{});
  return result.config;
}

}  // namespace

TEST_CASE("config/pawl.yaml loads and mentions every key") {
  const HostConfig config = example_host();
  CHECK(config.sources.size() == 1);
  CHECK_FALSE(config.policy.images.empty());
  const Result<std::string> text = read_file((kRoot / "config/pawl.yaml").string(), 1 << 20);
  REQUIRE(text.ok());
  for (const config::KeyTable* table :
       {&config::kHostConfigKeys, &config::kHostKeys, &config::kSourceKeys,
        &config::kSourceAuthKeys, &config::kEngineKeys, &config::kEngineTlsKeys,
        &config::kPolicyKeys, &config::kPolicyMaxKeys, &config::kHostDefaultsKeys,
        &config::kSecretsKeys, &config::kStateKeys, &config::kKeepKeys, &config::kHttpKeys,
        &config::kWebhooksKeys, &config::kAuthKeys}) {
    for (const config::Key& key : table->keys) {
      if (key.support != config::KeySupport::kBuilt) continue;
      CAPTURE(table->subject);
      CAPTURE(key.name);
      CHECK(text->find(std::string(key.name) + ":") != std::string::npos);
    }
  }
}

TEST_CASE("the example pipelines load on a host that they are for") {
  HostConfig host = example_host();
  host.host_name = "bastion-1";
  host.labels = {{"zone", "dmz"}, {"role", "operations"}};
  host.policy.images = {"*"};
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "config/examples")) {
    if (entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path().string());
    const Result<std::string> text = read_file(entry.path().string(), 1 << 20);
    REQUIRE(text.ok());
    const PipelineFileResult result = load(*text, host);
    CHECK(lines(result.problems) == Lines{});
    for (const Pipeline& pipeline : result.pipelines) names.insert(pipeline.name);
  }
  CHECK(names == std::set<std::string>{"certificate-renewal", "deploy", "fleet-inventory",
                                       "image-mirror", "image-scan", "log-shipping",
                                       "nightly-backup", "nightly-report", "patch-window",
                                       "self-test", "warehouse-etl"});
}

TEST_CASE("the pipelines of the README load") {
  const Result<std::string> text = read_file((kRoot / "README.md").string(), 1 << 20);
  REQUIRE(text.ok());
  constexpr std::string_view kOpen = "\n```yaml\n";
  std::size_t count = 0;
  for (std::size_t at = text->find(kOpen); at != std::string::npos; at = text->find(kOpen, at)) {
    at += kOpen.size();
    const std::string block = text->substr(at, text->find("\n```", at) + 1 - at);
    if (block.find("\ntasks:") == std::string::npos) continue;
    CAPTURE(block);
    CHECK(lines(load(block).problems) == Lines{});
    ++count;
  }
  CHECK(count > 0);
}
