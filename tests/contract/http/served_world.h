// The servers of a HttpWorld on ports and a socket of their own.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/digest.h"
#include "base/json.h"
#include "http/server.h"
#include "support/http_world.h"
#include "support/raw_http.h"

namespace pawl::test {

inline constexpr const char* kJsonHeader = "Content-Type: application/json\r\n";

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "pawl-http-XXXXXX").string();
    PAWL_ASSERT(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct ServedWorld : HttpWorld {
  TemporaryFolder folder;
  HostConfig config;
  std::unique_ptr<HttpServers> servers;

  explicit ServedWorld(std::int64_t webhook_max_body_bytes = 4096) {
    config.host_name = "edge-01";
    config.labels = {{"site", "berlin"}};
    config.http_listen = "127.0.0.1:0";
    config.http_socket = folder.path() + "/run/pawl.sock";
    config.webhooks_listen = "127.0.0.1:0";
    config.webhook_max_body_bytes = webhook_max_body_bytes;
    auto started = HttpServers::start(config, control, store);
    REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error().text()));
    servers = std::move(started).value();
  }

  [[nodiscard]] RawAnswer get(const std::string& target, const std::string& headers = "") const {
    return ask(servers->http_port(), "GET " + target, headers);
  }
  [[nodiscard]] RawAnswer post(const std::string& target, const std::string& body = "",
                               const std::string& headers = kJsonHeader) const {
    return ask(servers->http_port(), "POST " + target, headers, body);
  }
  // A webhook signed with `secret`.
  [[nodiscard]] RawAnswer hook(const std::string& path, const std::string& secret,
                               const std::string& body = "{}",
                               const std::string& headers = "") const {
    return ask(servers->webhooks_port(), "POST /hooks/" + path,
               kJsonHeader + signature(secret, body) + headers, body);
  }
  [[nodiscard]] static std::string signature(const std::string& secret, const std::string& body) {
    return "X-Hub-Signature-256: sha256=" + hex(hmac_sha256(secret, body)) + "\r\n";
  }
};

inline Json json_of(const RawAnswer& answer) {
  auto json = Json::parse(answer.body);
  REQUIRE_MESSAGE(json.ok(), answer.body);
  return std::move(json).value();
}

// A problem answer in the form that all have; returns its detail.
inline std::string detail_of(const RawAnswer& answer) {
  CHECK(answer.header("content-type") == "application/problem+json");
  const Json json = json_of(answer);
  CHECK(json["type"].as_string() == "about:blank");
  CHECK(json["status"].as_integer() == answer.status);
  CHECK_FALSE(json["title"].as_string().empty());
  return json["detail"].as_string();
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace pawl::test
