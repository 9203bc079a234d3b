#include "support/docker_daemon.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/digest.h"
#include "base/file.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::size_t kTarBlock = 512;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "tests of the Docker engine cannot run: %s\n", why.c_str());
  std::abort();
}

template <std::size_t N>
void put(std::array<char, kTarBlock>& header, std::size_t at, const char (&text)[N]) {
  std::memcpy(header.data() + at, text, N - 1);
}

void put_octal(std::array<char, kTarBlock>& header, std::size_t at, std::size_t width,
               std::size_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "%0*zo", static_cast<int>(width - 1), value);
  std::memcpy(header.data() + at, text, width - 1);
}

// type: '0' file, '2' link, '5' directory
std::string entry(const std::string& name, char type, const std::string& content,
                  const std::string& target = "", std::size_t mode = 0755) {
  std::array<char, kTarBlock> header{};
  std::memcpy(header.data(), name.data(), name.size());
  put_octal(header, 100, 8, mode);
  put(header, 108, "0000000");
  put(header, 116, "0000000");
  put_octal(header, 124, 12, content.size());
  put(header, 136, "00000000000");
  put(header, 148, "        ");  // the checksum counts as spaces
  header[156] = type;
  std::memcpy(header.data() + 157, target.data(), target.size());
  put(header, 257, "ustar");
  put(header, 263, "00");
  std::size_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put_octal(header, 148, 7, sum);
  header[154] = '\0';
  std::string bytes(header.data(), header.size());
  bytes += content;
  bytes.append((kTarBlock - content.size() % kTarBlock) % kTarBlock, '\0');
  return bytes;
}

}  // namespace

std::string busybox_archive(const std::string& busybox) {
  std::string archive = entry("bin/", '5', "") + entry("tmp/", '5', "", "", 01777);
  archive += entry("bin/busybox", '0', busybox);
  for (const char* applet :
       {"sh", "echo", "sleep", "cat", "seq", "true", "head", "tail", "tr", "printf", "env", "id",
        "pwd", "touch", "chmod", "cp", "grep", "yes", "ls"}) {
    archive += entry(std::string("bin/") + applet, '2', "", "busybox");
  }
  return archive + std::string(2 * kTarBlock, '\0');
}

Result<void> import_busybox(EngineClient& client, const std::string& repository,
                            const std::string& tag, const std::string& changes) {
  const auto busybox = read_file("/bin/busybox", 16u << 20);
  if (!busybox) {
    return Error{busybox.error().kind,
                 "/bin/busybox is missing (Debian: apt-get install busybox-static)",
                 {}};
  }
  HttpRequest request;
  request.method = "POST";
  request.target =
      "/images/create?fromSrc=-&repo=" + percent_encode(repository + ":" + tag) + changes;
  request.body = busybox_archive(*busybox);
  request.total_ms = limits::kEngineStartMs;
  const auto imported = client.call(std::move(request), {});
  return imported ? Result<void>() : Result<void>(imported.error());
}

DockerDaemon& DockerDaemon::instance() {
  constexpr std::string_view kScheme = "unix://";
  const char* host = std::getenv("DOCKER_HOST");
  static DockerDaemon daemon(host != nullptr && std::string_view(host).starts_with(kScheme)
                                 ? std::string(host).substr(kScheme.size())
                                 : "/var/run/docker.sock");
  return daemon;
}

DockerDaemon::DockerDaemon(std::string socket) : socket_(std::move(socket)) {
  client_ = std::make_unique<EngineClient>(EngineAddress::unix_socket(socket_));
  if (const auto version = client_->negotiate({}); !version) {
    give_up(version.error().message +
            " (Debian: apt-get install docker.io, then start dockerd as root)");
  }
  token_ = "pawl-test-" + random_hex(6);
  image_ = token_ + ":1";
  entry_image_ = token_ + ":entry";
  const std::string entry = "&changes=" + percent_encode("ENTRYPOINT [\"/bin/echo\",\"entry\"]");
  for (const auto& [tag, changes] : {std::pair{"1", std::string()}, std::pair{"entry", entry}}) {
    const auto imported = import_busybox(*client_, token_, tag, changes);
    if (!imported) give_up("the image cannot be imported: " + imported.error().message);
  }
}

DockerDaemon::~DockerDaemon() {
  remove_image(image_);
  remove_image(entry_image_);
}

Json DockerDaemon::get(const std::string& target) {
  HttpRequest request;
  request.target = target;
  request.total_ms = limits::kEngineCallMs;
  auto json = client_->call_json(std::move(request), {});
  if (!json) give_up("GET " + target + ": " + json.error().message);
  return *json;
}

void DockerDaemon::remove_containers(const std::string& label) {
  const Json filters = Json::object().set("label", Json::array().push(label));
  const Json containers = get("/containers/json?all=1&filters=" + percent_encode(filters.dump()));
  for (const Json& container : containers.items()) {
    HttpRequest request;
    request.method = "DELETE";
    request.target = "/containers/" + container["Id"].as_string() + "?v=1&force=1";
    request.total_ms = limits::kEngineCallMs;
    (void)client_->call(std::move(request), {});
  }
  const Json volumes = get("/volumes?filters=" + percent_encode(filters.dump()));
  for (const Json& volume : volumes["Volumes"].items()) {
    HttpRequest request;
    request.method = "DELETE";
    request.target = "/volumes/" + percent_encode(volume["Name"].as_string());
    request.total_ms = limits::kEngineCallMs;
    (void)client_->call(std::move(request), {});
  }
}

void DockerDaemon::remove_image(const std::string& name) {
  HttpRequest request;
  request.method = "DELETE";
  request.target = "/images/" + percent_encode(name) + "?force=1";
  request.total_ms = limits::kEngineCallMs;
  (void)client_->call(std::move(request), {});
}

void DockerDaemon::save_image(const std::string& name, const std::string& file) {
  HttpRequest request;
  request.target = "/images/" + percent_encode(name) + "/get";
  request.total_ms = limits::kEngineStartMs;
  const auto saved = client_->call(std::move(request), {});
  if (!saved) give_up("saving " + name + ": " + saved.error().message);
  std::ofstream(file, std::ios::binary) << saved->body;
}

}  // namespace pawl
