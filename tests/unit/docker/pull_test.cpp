// What is told of a pull, why it failed, and what goes to the engine for it.
#include <doctest/doctest.h>

#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "docker/docker_engine.h"
#include "docker/pull_error.h"
#include "docker/pull_progress.h"
#include "model/limits.h"
#include "support/temp_directory.h"
#include "support/unix_server.h"

using namespace pawl;

namespace {

PullProgress::Clock standing() {
  return [] { return std::int64_t{0}; };
}

// A clock of the test's own, and what was told.
struct Told {
  std::int64_t now_ms = 1'000;
  std::vector<std::string> lines;
  PullProgress pull{[this] { return now_ms; }};

  void feed(const std::string& line) {
    REQUIRE(pull.feed(line + "\r\n", [this](const std::string& told) { lines.push_back(told); }));
  }
};

std::string layer(const std::string& id, const std::string& status) {
  return R"({"status":")" + status + R"(","progressDetail":{},"id":")" + id + "\"}";
}

std::string moving(const std::string& id, const std::string& status, std::int64_t current_mib,
                   std::int64_t total_mib) {
  return R"({"status":")" + status + R"(","progressDetail":{"current":)" +
         std::to_string(current_mib << 20) + ",\"total\":" + std::to_string(total_mib << 20) +
         R"(},"id":")" + id + "\"}";
}

const std::string kVersion = R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"})";

// An engine that keeps what it was asked for, and answers a pull in one way.
class PullingEngine {
 public:
  PullingEngine(std::string answer, const std::string& credentials)
      : server_([this, answer = std::move(answer)](int fd, int) {
          while (true) {
            const std::string request = UnixServer::read_request(fd);
            if (request.empty()) return;
            const bool version = request.starts_with("GET /version ");
            if (!version) keep(request);
            UnixServer::write_all(fd, version ? UnixServer::response(200, kVersion) : answer);
          }
        }),
        file_(directory_ / "registries.json") {
    std::ofstream(file_) << credentials;
    engine_ = make_docker_engine(
                  EngineConfig{.host = "unix://" + server_.path(), .credentials_file = file_})
                  .value();
  }

  Result<void> pull(const std::string& image) { return engine_->pull_image(image, {}, {}); }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::string request() {
    std::lock_guard lock(mutex_);
    return request_;
  }

 private:
  void keep(const std::string& request) {
    std::lock_guard lock(mutex_);
    request_ = request;
  }

  TempDirectory directory_;
  std::mutex mutex_;
  std::string request_;
  UnixServer server_;
  std::string file_;
  std::unique_ptr<ContainerEngine> engine_;
};

constexpr const char* kFile = R"({"auths":{"r.local:5000":{"auth":"dXNlcjpzM2NyZXQ="}}})";
const std::string kHeader = "X-Registry-Auth: ";

}  // namespace

TEST_CASE("the pull's progress, split anywhere") {
  const std::string stream =
      "{\"status\":\"Pulling from library/alpine\",\"id\":\"3.20\"}\r\n"
      "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1,\"total\":2},\"id\":\"aa\"}"
      "\r\n"
      "{\"status\":\"Digest: sha256:0\"}\r\n{\"status\":\"Status: Downloaded\"}";
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    PullProgress pull(standing());
    std::vector<std::string> lines;
    const auto note = [&](const std::string& line) { lines.push_back(line); };
    for (std::size_t at = 0; at < stream.size(); at += step) {
      REQUIRE(pull.feed(std::string_view(stream).substr(at, step), note));
    }
    REQUIRE(pull.finish(note));
    CHECK(lines == std::vector<std::string>{"Pulling from library/alpine", "Digest: sha256:0",
                                            "Status: Downloaded"});
  }
}

TEST_CASE("an error inside the pull's progress fails it") {
  PullProgress pull(standing());
  const auto failed = pull.feed(
      "{\"status\":\"Pulling\"}\n{\"errorDetail\":{\"message\":\"no space "
      "left\"},\"error\":\"x\"}\n",
      {});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind == ErrorKind::kInvalid);
  CHECK(failed.error().message == "no space left");
  PullProgress plain(standing());
  CHECK(plain.feed("{\"error\":\"denied\\u001b\"}\n", {}).error().message == "denied\\x1b");
  PullProgress at_end(standing());
  REQUIRE(at_end.feed("{\"error\":\"denied\"}", {}));
  CHECK_FALSE(at_end.finish({}));
}

TEST_CASE("a pull's progress is bounded") {
  PullProgress endless(standing());
  const std::string part(1024, 'x');
  std::size_t fed = 0;
  while (fed < 1024 * 1024 && endless.feed(part, {})) fed += part.size();
  CHECK(fed <= limits::kPullLineBytes);
  PullProgress no_json(standing());
  CHECK(no_json.feed("hello\n", {}).error().kind == ErrorKind::kCorrupt);
  PullProgress chatty(standing());
  std::size_t notes = 0;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(chatty.feed("{\"status\":\"x\"}\n", [&](const std::string&) { ++notes; }));
  }
  CHECK(notes == limits::kPullNotes);
}

TEST_CASE("how far the layers are is told now and then") {
  Told told;
  told.feed(layer("aa", "Pulling fs layer"));
  told.feed(layer("bb", "Already exists"));
  told.feed(moving("aa", "Downloading", 10, 100));
  told.now_ms += limits::kPullNoteMs - 1;
  told.feed(moving("aa", "Downloading", 20, 100));
  CHECK(told.lines.empty());
  told.now_ms += 1;
  told.feed(moving("cc", "Downloading", 14, 20));
  CHECK(told.lines == std::vector<std::string>{"pulled 34 of 120 MiB (1 of 3 layers)"});
  told.feed(layer("cc", "Download complete"));
  CHECK(told.lines.size() == 1);
  told.now_ms += limits::kPullNoteMs;
  told.feed(moving("cc", "Extracting", 3, 20));
  CHECK(told.lines.back() == "pulled 40 of 120 MiB (1 of 3 layers)");
  told.now_ms += limits::kPullNoteMs;
  told.feed(layer("cc", "Pull complete"));
  CHECK(told.lines.back() == "pulled 40 of 120 MiB (2 of 3 layers)");
  CHECK(told.lines.size() == 3);
}

TEST_CASE("a hostile engine's layers take no more room than an image's") {
  Told told;
  for (int i = 0; i < 10'000; ++i) told.feed(layer("l" + std::to_string(i), "Waiting"));
  told.feed(layer(std::string(10'000, 'x'), "Waiting"));
  told.feed(R"({"status":"Downloading","id":3,"progressDetail":7})");
  told.feed(R"({"status":"Downloading","id":"l0","progressDetail":)"
            R"({"current":9223372036854775807,"total":-5}})");
  told.feed(R"({"status":"Downloading","id":"l1","progressDetail":)"
            R"({"current":-1,"total":9223372036854775807}})");
  told.now_ms += limits::kPullNoteMs;
  told.feed(layer("l0", "Verifying Checksum"));
  REQUIRE(told.lines.size() == 1);
  CHECK(told.lines[0] == "pulled 1073741824 of 2147483648 MiB (0 of 128 layers)");
}

TEST_CASE("why a pull failed, from the engine's words") {
  using Kind = ErrorKind;
  struct Row {
    Kind call;
    const char* message;
    Kind kind;
  };
  // Docker 20.10's and 28's, and Podman 4.3's.
  for (const Row& row : std::vector<Row>{
           {Kind::kNotFound, "manifest for r/x:1 not found: manifest unknown: manifest unknown",
            Kind::kNotFound},
           {Kind::kNotFound, "anything", Kind::kNotFound},
           {Kind::kInvalid, "name unknown: repository name not known to registry", Kind::kNotFound},
           {Kind::kInvalid, "reading manifest 2 in r/x: manifest unknown", Kind::kNotFound},
           {Kind::kNotFound,
            "pull access denied for x, repository does not exist or may require 'docker login': "
            "denied: requested access to the resource is denied",
            Kind::kDenied},
           {Kind::kInvalid, "Head \"http://r/v2/x/manifests/1\": no basic auth credentials",
            Kind::kDenied},
           {Kind::kInvalid,
            "Head \"http://r/v2/x/manifests/1\": unauthorized: authentication required",
            Kind::kDenied},
           {Kind::kInvalid, "unauthorized: incorrect username or password", Kind::kDenied},
           {Kind::kDenied, "anything", Kind::kDenied},
           {Kind::kInvalid,
            "Get \"http://r/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
            Kind::kConflict},
           {Kind::kInvalid, "dial tcp: lookup r on 10.0.0.1:53: no such host", Kind::kConflict},
           {Kind::kInvalid,
            "Get \"https://r/v2/\": net/http: request canceled while waiting for connection "
            "(Client.Timeout exceeded while awaiting headers)",
            Kind::kConflict},
           {Kind::kInvalid, "Get \"https://r/v2/\": net/http: TLS handshake timeout",
            Kind::kConflict},
           {Kind::kInvalid, "dial tcp 10.1.2.3:443: i/o timeout", Kind::kConflict},
           {Kind::kInvalid, "Get \"http://r/v2/\": EOF", Kind::kConflict},
           {Kind::kInvalid, "unexpected EOF", Kind::kConflict},
           {Kind::kInvalid, "received unexpected HTTP status: 503 Service Unavailable",
            Kind::kConflict},
           {Kind::kInvalid, "toomanyrequests: You have reached your pull rate limit",
            Kind::kConflict},
           {Kind::kInvalid, "unknown: boom", Kind::kConflict},
           {Kind::kInvalid, "x509: certificate signed by unknown authority", Kind::kInvalid},
           {Kind::kInvalid, "invalid reference format", Kind::kInvalid},
           {Kind::kInvalid, "write /var/lib/docker/tmp/x: no space left on device", Kind::kInvalid},
           // An image's name decides nothing.
           {Kind::kInvalid, "cannot make sense of denied/timeout:unauthorized", Kind::kInvalid},
           {Kind::kInvalid, "cannot make sense of toomanyrequests:EOF", Kind::kInvalid},
           // The call's own troubles stay what they are.
           {Kind::kUnavailable, "connection refused", Kind::kUnavailable},
           {Kind::kTimeout, "unauthorized: x", Kind::kTimeout},
           {Kind::kCancelled, "stopped", Kind::kCancelled},
           {Kind::kCorrupt, "not found", Kind::kCorrupt}}) {
    CAPTURE(row.message);
    CHECK(pull_error_kind(row.call, row.message) == row.kind);
  }
}

TEST_CASE("a certificate that the engine does not trust: where it looks for its CA") {
  CHECK(pull_error_hint("Get \"https://r/v2/\": x509: certificate signed by unknown authority",
                        "r.local:5000") ==
        "; the engine looks for a private CA in /etc/docker/certs.d/r.local:5000/ca.crt on its "
        "host");
  CHECK(pull_error_hint("http: server gave HTTP response to HTTPS client", "r")
            .find("insecure-registries") != std::string::npos);
  CHECK(pull_error_hint("x509: certificate has expired or is not yet valid", "r").empty());
}

TEST_CASE("credentials go to the engine for their own registry's images only") {
  PullingEngine engine(UnixServer::response(200, ""), kFile);
  CHECK(engine.pull("r.local:5000/tools/pg:16"));
  CHECK(engine.request().starts_with(
      "POST /v1.41/images/create?fromImage=r.local%3A5000%2Ftools%2Fpg&tag=16 "));
  CHECK(engine.request().find(
            kHeader + "eyJ1c2VybmFtZSI6InVzZXIiLCJwYXNzd29yZCI6InMzY3JldCIsInNlcnZlcmFkZHJlc3Mi"
                      "OiJyLmxvY2FsOjUwMDAifQ==\r\n") != std::string::npos);
  for (const char* other : {"r.local/tools/pg:16", "alpine", "evil.local/r.local:5000/pg"}) {
    CAPTURE(other);
    CHECK(engine.pull(other));
    CHECK(engine.request().find("/images/create?") != std::string::npos);
    CHECK(engine.request().find(kHeader) == std::string::npos);
  }
}

TEST_CASE("a refusal says whose credentials were shown, and never which") {
  // A registry that repeats what it was shown.
  const std::string answer = UnixServer::response(
      500, R"({"message":"unauthorized: user:s3cret dXNlcjpzM2NyZXQ= is wrong"})");
  PullingEngine engine(answer, kFile);
  const auto shown = engine.pull("r.local:5000/pg");
  CHECK(shown.error().kind == ErrorKind::kDenied);
  CHECK(shown.error().message ==
        "unauthorized: user:*** *** is wrong; it was shown the credentials that " + engine.file() +
            " has for r.local:5000");
  const auto none = engine.pull("other.local/pg");
  CHECK(none.error().kind == ErrorKind::kDenied);
  CHECK(none.error().message.ends_with("; " + engine.file() +
                                       " has no credentials for it: write {\"auths\": "
                                       "{\"other.local\": {\"auth\": \"<base64 of "
                                       "user:password>\"}}} there"));
  PullingEngine in_stream(UnixServer::response(200, R"({"error":"denied: s3cret"})"), kFile);
  CHECK(in_stream.pull("r.local:5000/pg").error().message.starts_with("denied: ***; "));
  CHECK(in_stream.pull("r.local:5000/pg").error().kind == ErrorKind::kDenied);
}

TEST_CASE("a program for the credentials matters only where the registry wants some") {
  constexpr const char* kHelper = R"({"credHelpers":{"r.local":"desktop"}})";
  PullingEngine open(UnixServer::response(200, ""), kHelper);
  CHECK(open.pull("r.local/pg"));
  PullingEngine closed(UnixServer::response(500, R"({"message":"no basic auth credentials"})"),
                       kHelper);
  const auto denied = closed.pull("r.local/pg");
  CHECK(denied.error().kind == ErrorKind::kDenied);
  CHECK(denied.error().message ==
        "no basic auth credentials; " + closed.file() +
            " leaves its credentials to the program docker-credential-desktop, and pawl does not "
            "run credential helpers: write {\"auths\": {\"r.local\": {\"auth\": \"<base64 of "
            "user:password>\"}}} there");
}

TEST_CASE("with a broken file nothing is asked of the engine") {
  PullingEngine engine(UnixServer::response(200, ""), "{\"auths\":");
  const auto pulled = engine.pull("r.local/pg");
  CHECK(pulled.error().kind == ErrorKind::kInvalid);
  CHECK(pulled.error().message.find(engine.file()) != std::string::npos);
  CHECK(engine.request().empty());
}
