// The Docker client against sockets that misbehave.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "docker/docker_engine.h"
#include "docker/http_connection.h"
#include "model/limits.h"
#include "support/unix_server.h"

using namespace pawl;

namespace {

const std::string kVersion = R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12"})";
const std::string kPodmanVersion =
    R"({"Version":"4.3.1","ApiVersion":"1.41","Components":[{"Name":"Podman Engine"}]})";

// An engine that answers /version properly, and everything else as the test says.
UnixServer::Handler engine_with(std::function<bool(int fd, const std::string& request)> answer) {
  return [answer = std::move(answer)](int fd, int) {
    while (true) {
      const std::string request = UnixServer::read_request(fd);
      if (request.empty()) return;
      if (request.starts_with("GET /version ")) {
        if (!UnixServer::write_all(fd, UnixServer::response(200, kVersion))) return;
      } else if (!answer(fd, request)) {
        return;
      }
    }
  };
}

UnixServer::Handler answering(std::string response) {
  return engine_with([response = std::move(response)](int fd, const std::string&) {
    return UnixServer::write_all(fd, response);
  });
}

std::unique_ptr<ContainerEngine> engine_at(const std::string& path) {
  auto engine = make_docker_engine(EngineConfig{.host = "unix://" + path});
  REQUIRE(engine);
  return std::move(*engine);
}

struct Sink : LogSink {
  std::function<std::optional<std::int64_t>()> waits = [] { return -1; };
  std::string text;
  bool take(LogRecord&& record) override {
    text += record.text;
    return true;
  }
  std::optional<std::int64_t> before_wait() override { return waits(); }
};

// Lets one thread tell another that something has happened.
class Flag {
 public:
  void set() {
    std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

const std::string kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& bytes) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

std::string log_frame(const std::string& text) {
  const std::string payload = "2026-11-21T04:38:35.874414072Z " + text;
  return std::string("\x01\x00\x00\x00\x00\x00\x00", 7) + static_cast<char>(payload.size()) +
         payload;
}

}  // namespace

TEST_CASE("no engine: the error names the socket and what to do") {
  const auto engine = engine_at("/nonexistent/docker.sock");
  const auto info = engine->info({});
  REQUIRE_FALSE(info);
  CHECK(info.error().kind == ErrorKind::kUnavailable);
  CHECK(info.error().message ==
        "no container engine answers at /nonexistent/docker.sock (No such file or directory); is "
        "dockerd running?");
}

TEST_CASE("statuses become error kinds, with the engine's words escaped and bounded") {
  struct Row {
    int status;
    ErrorKind kind;
  };
  for (const Row& row : std::vector<Row>{{400, ErrorKind::kInvalid},
                                         {401, ErrorKind::kDenied},
                                         {403, ErrorKind::kDenied},
                                         {404, ErrorKind::kNotFound},
                                         {409, ErrorKind::kConflict},
                                         {500, ErrorKind::kInvalid},
                                         {503, ErrorKind::kUnavailable},
                                         {301, ErrorKind::kInvalid}}) {
    CAPTURE(row.status);
    const UnixServer server(
        answering(UnixServer::response(row.status, R"({"message":"bad \u001b[31m thing\n"})")));
    const auto state = engine_at(server.path())->inspect("x", {});
    REQUIRE_FALSE(state);
    CHECK(state.error().kind == row.kind);
    CHECK(state.error().message == "bad \\x1b[31m thing");
  }
  const UnixServer server(
      answering(UnixServer::response(500, R"({"message":")" + std::string(100'000, 'm') + "\"}")));
  CHECK(engine_at(server.path())->inspect("x", {}).error().message.size() ==
        limits::kEngineMessageBytes);
  const UnixServer silent(answering(UnixServer::response(500, "")));
  CHECK(engine_at(silent.path())->inspect("x", {}).error().message == "HTTP status 500");
}

TEST_CASE("Podman's causes stand in for the statuses that it does not give") {
  for (const auto& [cause, kind] : std::vector<std::pair<std::string, ErrorKind>>{
           {"that name is already in use", ErrorKind::kConflict},
           {"container state improper", ErrorKind::kConflict},
           {"no such container", ErrorKind::kNotFound},
           {"no such file or directory", ErrorKind::kInvalid},
           {"", ErrorKind::kInvalid}}) {
    CAPTURE(cause);
    const UnixServer server(answering(
        UnixServer::response(500, R"({"cause":")" + cause + R"(","message":"m","response":500})")));
    CHECK(engine_at(server.path())->inspect("x", {}).error().kind == kind);
  }
}

TEST_CASE("what is no engine is said to be none") {
  const UnixServer garbage([](int fd, int) {
    (void)UnixServer::read_request(fd);
    UnixServer::write_all(fd, "SSH-2.0-OpenSSH_9.2\r\n");
  });
  CHECK(engine_at(garbage.path())->info({}).error().kind == ErrorKind::kCorrupt);
  const UnixServer no_json([](int fd, int) {
    (void)UnixServer::read_request(fd);
    UnixServer::write_all(fd, UnixServer::response(200, "<html>"));
  });
  CHECK(engine_at(no_json.path())->info({}).error().kind == ErrorKind::kCorrupt);
  const UnixServer closing([](int, int) {});
  CHECK(engine_at(closing.path())->info({}).error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("an engine that is too old is refused with both versions") {
  const UnixServer old([](int fd, int) {
    (void)UnixServer::read_request(fd);
    UnixServer::write_all(fd,
                          UnixServer::response(200, R"({"Version":"18.09","ApiVersion":"1.39"})"));
  });
  const auto created = engine_at(old.path())->inspect("x", {});
  REQUIRE_FALSE(created);
  CHECK(created.error().kind == ErrorKind::kInvalid);
  CHECK(created.error().message.find("1.39") != std::string::npos);
}

TEST_CASE("an endless answer is cut at its bound") {
  std::atomic<std::size_t> sent = 0;
  const UnixServer server(engine_with([&](int fd, const std::string&) {
    UnixServer::write_all(fd, kChunkedHead);
    const std::string part = chunk(std::string(65536, 'x'));
    while (UnixServer::write_all(fd, part)) sent += part.size();
    return false;
  }));
  const auto state = engine_at(server.path())->inspect("x", {});
  REQUIRE_FALSE(state);
  CHECK(state.error().kind == ErrorKind::kTooLarge);
  // With what sockets hold.
  CHECK(sent < limits::kEngineResponseBytes + (2u << 20));
}

TEST_CASE("an engine that never answers is given up at the deadline") {
  const UnixServer server([](int fd, int) { UnixServer::wait_for_close(fd); });
  HttpConnection connection(EngineAddress::unix_socket(server.path()));
  HttpRequest request;
  request.target = "/x";
  request.total_ms = 20;
  CHECK(connection.perform(request, {}).error().kind == ErrorKind::kTimeout);
  request.total_ms = 0;
  request.answer_ms = 20;
  CHECK(connection.perform(request, {}).error().kind == ErrorKind::kTimeout);
}

TEST_CASE("a silent call ends when its stop token is asked") {
  Flag asked;
  const UnixServer server(engine_with([&](int fd, const std::string&) {
    asked.set();
    UnixServer::wait_for_close(fd);
    return false;
  }));
  const auto engine = engine_at(server.path());
  std::stop_source stop;
  std::thread stopper([&] {
    CHECK(asked.wait());
    stop.request_stop();
  });
  CHECK(engine->inspect("x", stop.get_token()).error().kind == ErrorKind::kCancelled);
  stopper.join();
  // And at once, where it was asked before.
  CHECK(engine->inspect("x", stop.get_token()).error().kind == ErrorKind::kCancelled);
}

TEST_CASE(
    "a followed log that is silent is stopped by its token, and asks its sink when it said so") {
  const UnixServer server(engine_with([](int fd, const std::string&) {
    UnixServer::write_all(fd, kChunkedHead + chunk(log_frame("one\n")));
    UnixServer::wait_for_close(fd);
    return false;
  }));
  const auto engine = engine_at(server.path());
  std::stop_source stop;
  Sink sink;
  int asked = 0;
  // The third time only comes if the first two waits ended by themselves.
  sink.waits = [&]() -> std::optional<std::int64_t> {
    if (sink.text.empty()) return -1;
    if (++asked == 3) stop.request_stop();
    return 1;
  };
  CHECK(engine->follow_logs("x", 0, sink, stop.get_token()).error().kind == ErrorKind::kCancelled);
  CHECK(sink.text == "one\n");
  CHECK(asked == 3);

  Sink unwilling;
  unwilling.waits = [&]() -> std::optional<std::int64_t> {
    if (unwilling.text.empty()) return -1;
    return std::nullopt;
  };
  CHECK(engine->follow_logs("x", 0, unwilling, {}).error().kind == ErrorKind::kCancelled);
}

TEST_CASE("the end of a log is told apart from a broken connection") {
  const auto follow = [](const std::string& answer) {
    const UnixServer server(engine_with([&](int fd, const std::string&) {
      UnixServer::write_all(fd, answer);
      return false;
    }));
    Sink sink;
    const auto result = engine_at(server.path())->follow_logs("x", 0, sink, {});
    CHECK(sink.text == "one\n");
    return result;
  };
  const std::string first = kChunkedHead + chunk(log_frame("one\n"));
  CHECK(follow(first + "0\r\n\r\n"));
  CHECK(follow(first).error().kind == ErrorKind::kUnavailable);
  CHECK(follow(first + "ff\r\nx").error().kind == ErrorKind::kUnavailable);
  CHECK(follow(first + chunk(log_frame("two\n").substr(0, 20)) + "0\r\n\r\n").error().kind ==
        ErrorKind::kUnavailable);
  CHECK(follow(first + chunk("garbage!") + "0\r\n\r\n").error().kind == ErrorKind::kCorrupt);
}

TEST_CASE(
    "a kept connection is used again, and one that broke is replaced for idempotent calls only") {
  // Each connection answers one request after /version and then closes on the next one unanswered.
  std::atomic<int> creates = 0;
  std::atomic<int> inspects = 0;
  const UnixServer server([&](int fd, int) {
    int answered = 0;
    while (true) {
      const std::string request = UnixServer::read_request(fd);
      if (request.empty()) return;
      if (request.find("/create") != std::string::npos) ++creates;
      if (request.find("/json") != std::string::npos) ++inspects;
      if (request.starts_with("GET /version ")) {
        UnixServer::write_all(fd, UnixServer::response(200, kVersion));
        continue;
      }
      if (++answered > 1 || request.find("/create") != std::string::npos) return;
      UnixServer::write_all(fd,
                            UnixServer::response(200, R"({"Id":"a","State":{"Status":"exited"}})"));
    }
  });
  const auto engine = engine_at(server.path());
  CHECK(engine->inspect("x", {}));
  CHECK(server.connections() == 1);
  CHECK(engine->inspect("x", {}));  // asked on the kept connection, and again on a new one
  CHECK(server.connections() == 2);
  CHECK(inspects == 3);
  ContainerSpec spec;
  spec.name = "x";
  spec.image = "y";
  CHECK(engine->create(spec, {}).error().kind == ErrorKind::kUnavailable);
  CHECK(creates == 1);
}

TEST_CASE("how a container ended is asked for over a new connection") {
  // As Docker 20.10 while it shuts down: it goes on answering on the connections that it has.
  std::atomic<bool> listens = true;
  std::atomic<int> waited_on = 0;
  std::atomic<int> asked_on = 0;
  const UnixServer server([&](int fd, int number) {
    if (!listens) return;
    while (true) {
      const std::string request = UnixServer::read_request(fd);
      if (request.empty()) return;
      if (request.starts_with("GET /version ")) {
        UnixServer::write_all(fd, UnixServer::response(200, kVersion));
        continue;
      }
      (request.find("/wait?") != std::string::npos ? waited_on : asked_on) = number;
      UnixServer::write_all(fd,
                            UnixServer::response(200, R"({"Id":"a","State":{"Status":"exited"}})"));
    }
  });
  const auto engine = engine_at(server.path());
  CHECK(engine->wait("x", 60'000, {}));
  CHECK(waited_on == 1);
  CHECK(asked_on == 2);
  listens = false;
  CHECK(engine->inspect("x", {}));
  CHECK(engine->wait("x", 60'000, {}).error().kind == ErrorKind::kUnavailable);
}

TEST_CASE(
    "whether containers outlive the engine is read, and who it is stays open behind a proxy") {
  for (const bool live : {false, true}) {
    const UnixServer server(answering(UnixServer::response(
        200, live ? R"({"LiveRestoreEnabled":true})" : R"({"LiveRestoreEnabled":false})")));
    const auto info = engine_at(server.path())->info({});
    REQUIRE(info);
    CHECK(info->live_restore == live);
    CHECK(info->incarnation.empty());
  }
}

TEST_CASE("an answer that two engines gave is of none that can be named") {
  // The engine is this process, by the name of its main thread.
  const std::string name_file = "/proc/self/task/" + std::to_string(::getpid()) + "/comm";
  const auto call_us = [&](const std::string& name) { std::ofstream(name_file) << name; };
  std::ifstream own(name_file);
  std::string own_name;
  std::getline(own, own_name);
  for (const bool changes : {false, true}) {
    CAPTURE(changes);
    call_us("dockerd");
    const UnixServer server(engine_with([&](int fd, const std::string&) {
      if (changes) call_us("another");
      return UnixServer::write_all(fd, UnixServer::response(200, "{}"));
    }));
    const auto info = engine_at(server.path())->info({});
    REQUIRE(info);
    CHECK(info->incarnation.empty() == changes);
  }
  call_us(own_name);
}

TEST_CASE("a start that nobody can have heard is told apart from one that may have been") {
  auto server = std::make_unique<UnixServer>(engine_with([](int fd, const std::string& request) {
    // A list is answered; at a start the connection breaks.
    return request.find("/start") == std::string::npos &&
           UnixServer::write_all(fd, UnixServer::response(200, "[]"));
  }));
  const auto engine = engine_at(server->path());
  CHECK(engine->start("x", {}).error().kind == ErrorKind::kUnavailable);
  CHECK(engine->list("a", "b", {}));
  server.reset();
  CHECK(engine->start("x", {}).error().kind == ErrorKind::kExhausted);
}

TEST_CASE("a cap that the engine cannot enforce is an error, and nothing stays behind") {
  std::atomic<int> removed = 0;
  const UnixServer server(engine_with([&](int fd, const std::string& request) {
    if (request.starts_with("DELETE /v1.41/containers/abc?v=1&force=1 ")) {
      ++removed;
      return UnixServer::write_all(fd, "HTTP/1.1 204 No Content\r\n\r\n");
    }
    return UnixServer::write_all(
        fd, UnixServer::response(
                201, R"({"Id":"abc","Warnings":["Your kernel does not support pids limit )"
                     R"(capabilities or the cgroup is not mounted. PIDs limit discarded."]})"));
  }));
  ContainerSpec spec;
  spec.name = "x";
  spec.image = "y";
  const auto created = engine_at(server.path())->create(spec, {});
  REQUIRE_FALSE(created);
  CHECK(created.error().kind == ErrorKind::kInvalid);
  CHECK(created.error().message.find("PIDs limit discarded") != std::string::npos);
  CHECK(removed == 1);
}

TEST_CASE("Podman's log is asked for from its start, and looked at again when it is over") {
  for (const std::string& now : {std::string("one\n"), std::string("three\n"), std::string()}) {
    CAPTURE(now);
    std::atomic<int> since = 0;
    const UnixServer server([&](int fd, int) {
      while (true) {
        const std::string request = UnixServer::read_request(fd);
        if (request.empty()) return;
        const bool follows = request.find("follow=1") != std::string::npos;
        const bool reads = request.find("follow=0") != std::string::npos;
        if (request.find("since=") != std::string::npos) ++since;
        const std::string frames = follows       ? log_frame("one\n") + log_frame("two\n")
                                   : now.empty() ? std::string()
                                                 : log_frame(now);
        const std::string log = frames.empty() ? std::string() : chunk(frames);
        UnixServer::write_all(
            fd, follows || reads ? kChunkedHead + log + "0\r\n\r\n"
                : request.starts_with("GET /version ")
                    ? UnixServer::response(200, kPodmanVersion)
                    : UnixServer::response(200, R"({"Id":"x","State":{"Status":"running"}})"));
      }
    });
    struct : Sink {
      int misses = 0;
      void may_miss() override { ++misses; }
    } sink;
    // From the second after it.
    CHECK(engine_at(server.path())->follow_logs("x", 1'795'235'916'000'000'000, sink, {}));
    CHECK(sink.text.empty());
    CHECK(since == 0);
    CHECK(sink.misses == (now == "one\n" ? 0 : 1));
    CHECK(engine_at(server.path())->follow_logs("x", 1'795'235'915'999'000'000, sink, {}));
    CHECK(sink.text == "one\ntwo\n");
  }
}

TEST_CASE("a cap that Podman drops without a word is an error, and nothing stays behind") {
  const std::string kept =
      R"({"Memory":1048576,"MemorySwap":1048576,"NanoCpus":500000000,"PidsLimit":32})";
  struct Row {
    std::string kept;
    int status;
    std::optional<ErrorKind> kind;
    std::string words;
    int removed;
  };
  for (const Row& row : std::vector<Row>{
           {kept, 200, std::nullopt, "", 0},
           {R"({"Memory":0,"MemorySwap":0,"NanoCpus":0,"PidsLimit":0})", 200, ErrorKind::kInvalid,
            "has dropped that on memory", 1},
           {R"({"Memory":1048576,"MemorySwap":-1,"NanoCpus":500000000,"PidsLimit":32})", 200,
            ErrorKind::kInvalid, "swap", 1},
           {R"({"Memory":1048576,"MemorySwap":1048576,"NanoCpus":0,"PidsLimit":32})", 200,
            ErrorKind::kInvalid, "cpus", 1},
           {R"({"Memory":1048576,"MemorySwap":1048576,"NanoCpus":500000000,"PidsLimit":2048})", 200,
            ErrorKind::kInvalid, "processes", 1},
           {"{}", 404, ErrorKind::kUnavailable, "", 0}}) {
    CAPTURE(row.kept);
    std::atomic<int> removed = 0;
    const UnixServer server([&](int fd, int) {
      while (true) {
        const std::string request = UnixServer::read_request(fd);
        if (request.empty()) return;
        const bool remove = request.starts_with("DELETE /v1.41/containers/abc?v=1&force=1 ");
        if (remove) ++removed;
        const bool look = request.starts_with("GET /v1.41/containers/abc/json ");
        const std::string answer = request.starts_with("GET /version ") ? kPodmanVersion
                                   : look ? R"({"Id":"abc","HostConfig":)" + row.kept + "}"
                                          : R"({"Id":"abc","Warnings":[]})";
        if (!UnixServer::write_all(fd, UnixServer::response(look ? row.status : 200, answer))) {
          return;
        }
      }
    });
    ContainerSpec spec;
    spec.name = "x";
    spec.image = "y";
    spec.memory_bytes = 1 << 20;
    spec.cpus_milli = 500;
    spec.pids = 32;
    const auto created = engine_at(server.path())->create(spec, {});
    CHECK(created.ok() == !row.kind.has_value());
    if (row.kind && !created) {
      CHECK(created.error().kind == *row.kind);
      CHECK(created.error().message.find(row.words) != std::string::npos);
    }
    CHECK(removed == row.removed);
  }
}

TEST_CASE("a memory kill that the state does not tell of is found among the events") {
  struct Row {
    const char* state;
    const char* events;
    bool oom_killed;
    int asked;
  };
  const char* killed = R"("exited","ExitCode":137,"OOMKilled":false,"FinishedAt":)"
                       R"("2026-11-21T04:39:35Z")";
  const char* killed_at_once = R"("exited","ExitCode":137,"OOMKilled":false,"FinishedAt":)"
                               R"("2026-11-21T04:38:35.999Z")";
  const char* failed = R"("exited","ExitCode":1,"OOMKilled":false)";
  const char* oom = R"({"Action":"oom"})";
  const char* kill = R"({"Action":"kill"})";
  for (const Row& row :
       std::vector<Row>{{killed, oom, true, 1},
                        {killed, kill, false, 1},
                        {killed, "{\"Action\":\"kill\"}\n{\"Action\":\"oom\"}\n", true, 1},
                        {killed, "", false, 1},
                        {killed, "no json", false, 1},
                        {killed_at_once, "", true, 1},
                        {killed_at_once, kill, false, 1},
                        {failed, oom, true, 1},
                        {failed, "", false, 1},
                        {R"("exited","ExitCode":137,"OOMKilled":true)", "", true, 0},
                        {R"("exited","ExitCode":0,"OOMKilled":false)", oom, false, 0},
                        {R"("running","ExitCode":0,"OOMKilled":false)", oom, false, 0}}) {
    CAPTURE(row.state);
    int asked = 0;
    const UnixServer server(engine_with([&](int fd, const std::string& request) {
      const bool events =
          request.starts_with("GET /v1.41/events?since=1795235915.874000000&until=");
      if (events) ++asked;
      return UnixServer::write_all(
          fd, UnixServer::response(
                  200, events ? row.events
                              : R"({"Id":"abc","State":{"StartedAt":"2026-11-21T04:38:35.874Z",)"
                                R"("Status":)" +
                                    std::string(row.state) + "}}"));
    }));
    const auto state = engine_at(server.path())->inspect("x", {});
    REQUIRE(state);
    CHECK(state->oom_killed == row.oom_killed);
    CHECK(asked == row.asked);
  }
}

TEST_CASE("the engine is asked for its version anew after it was away") {
  std::atomic<int> versions = 0;
  std::atomic<bool> broken = false;
  const UnixServer server([&](int fd, int) {
    while (!broken) {
      const std::string request = UnixServer::read_request(fd);
      if (request.empty()) return;
      const bool version = request.starts_with("GET /version ");
      if (version) ++versions;
      UnixServer::write_all(fd, UnixServer::response(200, version ? kVersion : "[]"));
    }
  });
  const auto engine = engine_at(server.path());
  CHECK(engine->list("a", "b", {}));
  CHECK(engine->list("a", "b", {}));
  CHECK(versions == 1);
  broken = true;
  // The kept connection still answers one request.
  (void)engine->list("a", "b", {});
  CHECK_FALSE(engine->list("a", "b", {}));
  broken = false;
  CHECK(engine->list("a", "b", {}));
  CHECK(versions == 2);
}
