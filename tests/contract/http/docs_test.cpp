// docs/api.md: every example runs.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "served_world.h"

namespace pawl::test {
namespace {

std::string read_page() {
  std::ifstream file(PAWL_API_PAGE, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> examples(const std::string& page) {
  constexpr std::string_view kBegin = "```sh\n";
  std::vector<std::string> found;
  for (std::size_t at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at)) {
    at += kBegin.size();
    found.push_back(page.substr(at, page.find("```", at) - at));
  }
  return found;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

TEST_CASE("every example of the page succeeds") {
  ServedWorld world;
  const std::vector<std::string> all = examples(read_page());
  CHECK(all.size() >= 16);
  for (std::string script : all) {
    CAPTURE(script);
    replace_all(script, "127.0.0.1:7433",
                "127.0.0.1:" + std::to_string(world.servers->http_port()));
    replace_all(script, "127.0.0.1:7434",
                "127.0.0.1:" + std::to_string(world.servers->webhooks_port()));
    replace_all(script, "/run/pawl/pawl.sock", world.config.http_socket);
    const std::string path = world.folder.path() + "/example.sh";
    std::ofstream(path, std::ios::binary) << "set -euo pipefail\nexport no_proxy='*'\n" << script;
    const int result = std::system(("bash '" + path + "' >/dev/null").c_str());
    CHECK(WIFEXITED(result));
    CHECK(WEXITSTATUS(result) == 0);
  }
  CHECK(world.control.manual_requests().size() == 1);
  CHECK(world.control.webhook_requests().size() == 1);
  CHECK(world.control.cancellations().size() == 1);
  CHECK(world.control.retries().size() == 1);
  CHECK(world.control.suspensions() ==
        std::vector<std::pair<std::string, bool>>{{"nightly", true}, {"nightly", false}});
}

}  // namespace
}  // namespace pawl::test
