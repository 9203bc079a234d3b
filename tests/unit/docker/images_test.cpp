// Images that are made of an executable, loaded from a file, and counted on the engine's disk.
#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "docker/disk_usage_json.h"
#include "docker/docker_engine.h"
#include "docker/executable_archive.h"
#include "docker/file_body.h"
#include "docker/image_load.h"
#include "docker/tar_header.h"
#include "model/limits.h"
#include "support/temp_directory.h"
#include "support/unix_server.h"

using namespace pawl;

namespace {

const std::string kVersion = R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"})";

Json parse(const std::string& text) {
  auto json = Json::parse(text);
  REQUIRE(json);
  return *json;
}

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe)) {
    text.append(buffer, size);
  }
  CHECK(::pclose(pipe) == 0);
  return text;
}

Result<std::string> read_all(BodySource& source, std::size_t step) {
  std::string all;
  std::string buffer(step, '\0');
  while (true) {
    const auto given = source.read(buffer.data(), step);
    if (!given) return given.error();
    if (*given == 0) return all;
    all.append(buffer, 0, *given);
  }
}

void write(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// Reads a request's head and its chunked body, whose bytes it returns.
std::string read_chunked(int fd) {
  std::string text;
  char c = 0;
  while (!text.ends_with("\r\n0\r\n\r\n")) {
    if (::read(fd, &c, 1) != 1) return {};
    text += c;
    if (text.starts_with("GET ") && text.ends_with("\r\n\r\n")) return text;
  }
  return text;
}

// An engine that takes one file and then says `answer`.
class LoadingEngine {
 public:
  explicit LoadingEngine(std::string answer)
      : server_([this, answer = std::move(answer)](int fd, int) {
          while (true) {
            const std::string request = read_chunked(fd);
            if (request.empty()) return;
            if (request.starts_with("GET /version ")) {
              UnixServer::write_all(fd, UnixServer::response(200, kVersion));
              continue;
            }
            CHECK(request.starts_with("POST /v1.41/images/load?quiet=1 "));
            CHECK(request.find("Content-Type: application/x-tar\r\n") != std::string::npos);
            CHECK(request.find("\r\n7\r\narchive\r\n0\r\n") != std::string::npos);
            UnixServer::write_all(fd, answer);
            return;
          }
        }) {
    write(file(), "archive");
  }

  [[nodiscard]] std::string file() const { return directory_ / "images.tar"; }
  Result<std::vector<std::string>> load() {
    auto engine = make_docker_engine(EngineConfig{.host = "unix://" + server_.path()});
    REQUIRE(engine);
    return (*engine)->load_images(file(), {});
  }

 private:
  TempDirectory directory_;
  UnixServer server_;
};

}  // namespace

TEST_CASE("an executable's archive, as tar reads it, however it is cut") {
  const TempDirectory directory;
  const std::string executable = directory / "program";
  for (const std::size_t bytes : {0, 1, 511, 512, 513, 100'000}) {
    CAPTURE(bytes);
    const std::string content(bytes, 'p');
    write(executable, content);
    for (const std::size_t step : {1, 7, 512, 65'536}) {
      if (step == 1 && bytes > 1'000) continue;
      auto archive = ExecutableArchive::open(executable);
      REQUIRE(archive);
      const auto all = read_all(*archive, step);
      REQUIRE(all);
      CHECK(all->size() % kTarBlockBytes == 0);
      write(directory / "archive.tar", *all);
      const std::string listed = output_of("TZ=UTC tar --numeric-owner -tvf " +
                                           (directory / "archive.tar") + " | tr -s ' '");
      CHECK(listed == "drwxrwxrwt 0/0 0 1970-01-01 00:00 workspace/\n-rwxr-xr-x 0/0 " +
                          std::to_string(bytes) + " 1970-01-01 00:00 pawl\n");
      const std::string inside = output_of("tar -xOf " + (directory / "archive.tar") + " pawl");
      CHECK(inside == content);
    }
  }
}

TEST_CASE("what no image can be made of") {
  const TempDirectory directory;
  CHECK(ExecutableArchive::open(directory / "none").error().kind == ErrorKind::kNotFound);
  CHECK(ExecutableArchive::open(directory.path()).error().kind == ErrorKind::kInvalid);
  const std::string fifo = directory / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(ExecutableArchive::open(fifo).error().kind == ErrorKind::kInvalid);
  const std::string huge = directory / "huge";
  write(huge, "");
  REQUIRE(::truncate(huge.c_str(), std::int64_t{1} << 33) == 0);
  const auto refused = ExecutableArchive::open(huge);
  CHECK(refused.error().kind == ErrorKind::kInvalid);
  CHECK(refused.error().context == huge);
  // One that is cut while it is read.
  const std::string shrinking = directory / "shrinking";
  write(shrinking, std::string(10'000, 'x'));
  auto archive = ExecutableArchive::open(shrinking);
  REQUIRE(archive);
  REQUIRE(::truncate(shrinking.c_str(), 5'000) == 0);
  CHECK(read_all(*archive, 512).error().kind == ErrorKind::kCorrupt);
}

TEST_CASE("a file as a body") {
  const TempDirectory directory;
  const std::string path = directory / "file";
  write(path, "0123456789");
  for (const std::size_t step : {1, 3, 10, 100}) {
    auto file = open_regular_file(path);
    REQUIRE(file);
    CHECK(file->bytes == 10);
    FileBody body(std::move(*file));
    CHECK(read_all(body, step).value() == "0123456789");
  }
  CHECK(open_regular_file(path + "/x").error().kind == ErrorKind::kNotFound);
}

TEST_CASE("the load's progress, split anywhere") {
  const std::string stream =
      "{\"status\":\"Loading layer\",\"progressDetail\":{\"current\":1},\"id\":\"aa\"}\r\n"
      "{\"stream\":\"The image a:1 already exists, renaming the old one\\n\"}\r\n"
      "{\"stream\":\"Loaded image: a:1\\n\"}\r\n"
      "{\"stream\":\"Loaded image ID: sha256:abcd\\n\"}\r\n"
      "{\"stream\":\"Loaded image: localhost/b:2,localhost/c:3\"}";
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    LoadProgress load;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      REQUIRE(load.feed(std::string_view(stream).substr(at, step)));
    }
    const auto images = load.finish();
    REQUIRE(images);
    CHECK(*images ==
          std::vector<std::string>{"a:1", "sha256:abcd", "localhost/b:2", "localhost/c:3"});
  }
}

TEST_CASE("a load that fails, and streams that are none") {
  struct Row {
    std::string stream;
    ErrorKind kind;
    const char* words;
  };
  for (const Row& row : std::vector<Row>{
           {"", ErrorKind::kInvalid, "holds no image"},
           {"{}\n[]\n3\n", ErrorKind::kInvalid, "holds no image"},
           {"{\"stream\":\"Loaded image: \\n\"}\n", ErrorKind::kInvalid, "holds no image"},
           {"{\"error\":\"unexpected EOF\"}\n", ErrorKind::kInvalid,
            "the engine cannot load it: unexpected EOF"},
           {"{\"stream\":\"Loaded image: a:1\\n\"}\n{\"errorDetail\":{\"message\":\"no \\u001b\"}}",
            ErrorKind::kInvalid, "the engine cannot load it: no \\x1b"},
           {"{\"error\":{}}\n", ErrorKind::kInvalid, "names no reason"},
           {"Loaded image: a:1\n", ErrorKind::kCorrupt, "no JSON"},
           {std::string(limits::kPullLineBytes + 1, ' '), ErrorKind::kCorrupt, "without end"}}) {
    CAPTURE(row.stream.substr(0, 100));
    LoadProgress load;
    const auto fed = load.feed(row.stream);
    const Error error = fed ? load.finish().error() : fed.error();
    CHECK(error.kind == row.kind);
    CHECK(error.message.find(row.words) != std::string::npos);
  }
  LoadProgress endless;
  const std::string line = "{\"stream\":\"Loaded image: a:1\\n\"}\n";
  std::size_t fed = 0;
  Result<void> taken;
  while ((taken = endless.feed(line))) fed += line.size();
  CHECK(taken.error().kind == ErrorKind::kTooLarge);
  CHECK(fed <= limits::kEngineResponseBytes);
}

TEST_CASE("a file is sent to the engine, whose words decide") {
  struct Row {
    std::string answer;
    ErrorKind kind;
  };
  const std::string loaded = "{\"stream\":\"Loaded image: a:1\\n\"}\r\n";
  LoadingEngine fine(UnixServer::response(200, loaded));
  CHECK(fine.load().value() == std::vector<std::string>{"a:1"});
  for (const Row& row : std::vector<Row>{
           {UnixServer::response(500, R"({"message":"unexpected EOF"})"), ErrorKind::kInvalid},
           {UnixServer::response(200, "{\"error\":\"x\"}"), ErrorKind::kInvalid},
           {UnixServer::response(200, ""), ErrorKind::kInvalid},
           {UnixServer::response(200, "<html>"), ErrorKind::kCorrupt},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"st\r\n",
            ErrorKind::kUnavailable}}) {
    CAPTURE(row.answer);
    LoadingEngine engine(row.answer);
    const auto failed = engine.load();
    REQUIRE_FALSE(failed);
    CHECK(failed.error().kind == row.kind);
    CHECK(failed.error().context == engine.file());
  }
}

TEST_CASE("a file that is not there is not asked of the engine") {
  auto engine = make_docker_engine(EngineConfig{.host = "unix:///nonexistent/docker.sock"});
  REQUIRE(engine);
  const auto failed = (*engine)->load_images("/nonexistent/images.tar", {});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind == ErrorKind::kNotFound);
  CHECK(failed.error().context == "/nonexistent/images.tar");
}

TEST_CASE("what the engine's disk holds") {
  const auto usage = parse_disk_usage(parse(R"({"LayersSize":9,"Images":[
      {"Id":"sha256:a","RepoTags":["a:1","a:2"],"RepoDigests":["a@sha256:0"],"Size":100,"SharedSize":30,"Containers":2},
      {"Id":"sha256:b","RepoTags":["<none>:<none>"],"RepoDigests":["<none>@<none>"],"Size":7,"SharedSize":-1,"Containers":-1},
      {"Id":"sha256:c","RepoTags":null,"RepoDigests":null,"Size":7,"SharedSize":0,"Containers":0},
      {"Id":"sha256:d","Size":7,"SharedSize":8}],
    "Containers":[{"Id":"x"}],"Volumes":[
      {"Name":"v","Labels":{"l":"1"},"UsageData":{"RefCount":1,"Size":4096}},
      {"Name":"w","Labels":null,"UsageData":{"RefCount":-1,"Size":-1}},
      {"Name":"u","UsageData":null}],"BuildCache":null})"));
  REQUIRE(usage);
  REQUIRE(usage->images.size() == 4);
  CHECK(usage->images[0].id == "sha256:a");
  CHECK(usage->images[0].names == std::vector<std::string>{"a:1", "a:2", "a@sha256:0"});
  CHECK(usage->images[0].bytes == 70);
  CHECK(usage->images[0].containers == 2);
  CHECK(usage->images[1].names.empty());
  CHECK(usage->images[1].bytes == -1);
  CHECK(usage->images[1].containers == -1);
  CHECK(usage->images[2].bytes == 7);
  CHECK(usage->images[3].bytes == -1);
  REQUIRE(usage->volumes.size() == 3);
  CHECK(usage->volumes[0].name == "v");
  CHECK(usage->volumes[0].labels == std::map<std::string, std::string>{{"l", "1"}});
  CHECK(usage->volumes[0].bytes == 4096);
  CHECK(usage->volumes[1].bytes == -1);
  CHECK(usage->volumes[2].bytes == -1);
  CHECK(parse_disk_usage(parse(R"({"Images":null,"Volumes":null})"))->images.empty());
  for (const char* text : {"null", "[]", "{\"Images\":3}", "{\"Volumes\":{}}", "{\"Images\":[{}]}",
                           "{\"Volumes\":[{}]}", "{\"Images\":[{\"Id\":1}]}"}) {
    CAPTURE(text);
    CHECK(parse_disk_usage(parse(text)).error().kind == ErrorKind::kCorrupt);
  }
}

TEST_CASE("Podman's images get the names of its list") {
  auto usage = parse_disk_usage(parse(
      R"({"Images":[{"Id":"aa","RepoTags":["1"],"Size":5},{"Id":"sha256:bb","RepoTags":["2"]}]})"));
  REQUIRE(usage);
  name_images(
      parse(R"([{"Id":"sha256:aa","RepoTags":["localhost/a:1"],"RepoDigests":["a@sha256:0"]},
                        {"Id":"sha256:cc","RepoTags":["c:1"]}])"),
      *usage);
  CHECK(usage->images[0].id == "sha256:aa");
  CHECK(usage->images[0].names == std::vector<std::string>{"localhost/a:1", "a@sha256:0"});
  CHECK(usage->images[1].names.empty());
}

TEST_CASE("Podman's volumes get the labels of its list") {
  auto usage = parse_disk_usage(parse(R"({"Volumes":[{"Name":"v"},{"Name":"w"}]})"));
  REQUIRE(usage);
  label_volumes({{"v", {{"l", "1"}}}, {"x", {{"l", "2"}}}}, *usage);
  CHECK(usage->volumes[0].labels == std::map<std::string, std::string>{{"l", "1"}});
  CHECK(usage->volumes[1].labels.empty());
}
