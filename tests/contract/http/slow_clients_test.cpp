// Clients that dribble, stall, or come in crowds: they wait, others do not (F15, F16). Bounds and
// deadlines are made small through ListenerSettings, so that the tests need no patience.
#include <doctest/doctest.h>
#include <poll.h>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "http/listener.h"
#include "served_world.h"

namespace pawl::test {
namespace {

using http::Listener;
using http::ListenerSettings;
using http::ListenSocket;
using http::Request;
using http::Response;

constexpr int kPatienceMs = 20'000;

// Keeps requests for /wait under way until it is opened.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }
  void open() {
    std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t waiting_ = 0;
  bool is_open_ = false;
};

struct Served {
  Gate gate;
  int port = 0;
  std::unique_ptr<Listener> listener;

  explicit Served(const ListenerSettings& settings) {
    auto socket = ListenSocket::bind_tcp("127.0.0.1:0", "http.listen");
    REQUIRE(socket.ok());
    port = socket->port();
    std::vector<ListenSocket> sockets;
    sockets.push_back(std::move(*socket));
    listener = std::make_unique<Listener>(settings, std::move(sockets),
                                          [this](const Request& r) { return answer(r); });
    REQUIRE(listener->start().ok());
  }
  ~Served() { gate.open(); }

  Response answer(const Request& request) {
    if (request.path == "/wait") gate.wait();
    if (request.path == "/throw") throw std::runtime_error("on purpose");
    if (request.path == "/large") return http::text_response(std::string(8'000'000, 'x'));
    return http::text_response("ok\n");
  }
};

TEST_CASE("dribbling clients, fewer than there are threads, hold nobody up") {
  ServedWorld world;
  std::vector<RawClient> dribblers;
  for (int i = 0; i < 100; ++i) {
    const int port = i % 2 == 0 ? world.servers->http_port() : world.servers->webhooks_port();
    dribblers.emplace_back(port);
    dribblers.back().send(i % 4 < 2 ? "G"
                                    : "POST /hooks/backup HTTP/1.1\r\nHost: x\r\n"
                                      "Content-Length: 100\r\n\r\n{");
  }
  for (int i = 0; i < 20; ++i) {
    for (RawClient& dribbler : dribblers) dribbler.send("x");
    CHECK(world.get("/api/v1/status").status == 200);
    CHECK(world.hook("backup", kHookSecret).status == 202);
  }
}

TEST_CASE("dribbling clients, more than there are threads, give way once they are late") {
  ListenerSettings settings;
  settings.threads_max = 4;
  settings.evict_ms = 100;
  Served served(settings);
  std::vector<RawClient> dribblers;
  for (int i = 0; i < 40; ++i) {
    dribblers.emplace_back(served.port);
    dribblers.back().send(
        i % 2 == 0 ? "GET / HT" : "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
  }
  // Within the dribblers' own deadlines only if each late one ends for the next.
  for (int i = 0; i < 20; ++i) CHECK(ask(served.port, "GET /").status == 200);
  CHECK(dribblers.front().read_rest().text.empty());
}

TEST_CASE("idle connections give way at once") {
  ListenerSettings settings;
  settings.threads_max = 2;
  settings.idle_ms = 60'000;
  settings.evict_ms = 60'000;
  Served served(settings);
  std::vector<RawClient> idle;
  for (int i = 0; i < 20; ++i) {
    idle.emplace_back(served.port);
    idle.back().send(raw_request("GET /"));
    CHECK(idle.back().read_answer().status == 200);
  }
}

TEST_CASE("heads and bodies have deadlines of their own, whatever trickles in") {
  ListenerSettings settings;
  settings.read_ms = 300;
  settings.body_ms = 300;
  Served served(settings);
  RawClient silent(served.port);
  RawClient head(served.port);
  head.send("GET / HTTP/1.1\r\n");
  RawClient body(served.port);
  body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123");
  CHECK(head.read_answer().status == 408);
  CHECK(body.read_answer().status == 408);
  const RawClient::Rest rest = silent.read_rest();
  CHECK(rest.is_closed);
  CHECK(rest.text.empty());
}

TEST_CASE("an idle connection ends after its time") {
  ListenerSettings settings;
  settings.idle_ms = 100;
  Served served(settings);
  RawClient client(served.port);
  client.send(raw_request("GET /"));
  CHECK(client.read_answer().status == 200);
  CHECK(client.read_rest().is_closed);
}

TEST_CASE(
    "over the bound on connections, idle and late ones give way; else the newcomer gets 503") {
  ListenerSettings settings;
  settings.connections = 4;
  settings.evict_ms = 200;
  Served served(settings);
  std::vector<RawClient> late;
  for (int i = 0; i < 4; ++i) {
    late.emplace_back(served.port);
    late.back().send("G");
  }
  const RawAnswer refused = ask(served.port, "GET /");
  CHECK(refused.status == 503);
  CHECK(refused.header("retry-after") == "2");
  // Once the others are late, newcomers are let in.
  int status = 503;
  for (int i = 0; i < 100'000 && status != 200; ++i) status = ask(served.port, "GET /").status;
  CHECK(status == 200);
  std::vector<pollfd> fds;
  for (const RawClient& client : late) fds.push_back({client.fd(), POLLIN, 0});
  CHECK(::poll(fds.data(), fds.size(), kPatienceMs) >= 1);
}

TEST_CASE("requests over the queue's bound get 503, those in it their answer") {
  ListenerSettings settings;
  settings.threads = 1;
  settings.threads_max = 2;
  settings.queued = 3;
  Served served(settings);
  std::vector<RawClient> clients;
  const auto send_wait = [&] {
    clients.emplace_back(served.port);
    clients.back().send(raw_request("GET /wait"));
  };
  send_wait();
  served.gate.wait_for(1);
  send_wait();
  served.gate.wait_for(2);
  for (int i = 0; i < 10; ++i) send_wait();
  // Seven find the queue full: they are answered while all threads are held up.
  int refused = 0;
  int answered = 0;
  std::vector<std::thread> readers;
  std::mutex mutex;
  for (RawClient& client : clients) {
    readers.emplace_back([&] {
      const int status = client.read_answer().status;
      std::lock_guard lock(mutex);
      (status == 503 ? refused : answered) += 1;
      if (refused == 7) served.gate.open();
    });
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(refused == 7);
  CHECK(answered == 5);
}

TEST_CASE("clients that do not read their answers give way once they are late") {
  ListenerSettings settings;
  settings.threads = 1;
  settings.threads_max = 1;
  settings.evict_ms = 100;
  settings.write_ms = 60'000;
  Served served(settings);
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(served.port);
    clients.back().send(raw_request("GET /large"));
  }
  CHECK(ask(served.port, "GET /").status == 200);
  const RawAnswer reader = ask(served.port, "GET /large");
  CHECK(reader.is_complete);
  CHECK(reader.body.size() == 8'000'000);
  CHECK(clients.front().read_rest().text.size() < 8'000'000);
}

TEST_CASE("a client that does not read its answer is dropped, even if nobody waits") {
  ListenerSettings settings;
  settings.connections = 1;
  settings.evict_ms = 60'000;
  settings.write_ms = 300;
  Served served(settings);
  RawClient client(served.port);
  client.send(raw_request("GET /large"));
  // Its place is free again only when it was dropped, short of the end of its answer.
  int status = 503;
  for (int i = 0; i < 100'000 && status != 200; ++i) status = ask(served.port, "GET /").status;
  CHECK(status == 200);
  CHECK(client.read_rest().text.size() < 8'000'000);
}

TEST_CASE("bytes held for unfinished requests are bounded for all together") {
  ListenerSettings settings;
  settings.buffered_bytes = 100'000;
  Served served(settings);
  const std::string part =
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + std::string(59'999, 'x');
  RawClient first(served.port);
  first.send(part);
  RawClient second(served.port);
  second.send(part);
  // Which of the two went over the bound depends on the order in which they were read.
  std::array<pollfd, 2> fds = {{{first.fd(), POLLIN, 0}, {second.fd(), POLLIN, 0}}};
  REQUIRE(::poll(fds.data(), fds.size(), kPatienceMs) >= 1);
  const bool is_first = fds[0].revents != 0;
  CHECK((is_first ? first : second).read_answer().status == 503);
  // Both, if both were in the middle of theirs.
  RawClient& other = is_first ? second : first;
  other.send("x");
  const int status = other.read_answer().status;
  CHECK((status == 200 || status == 503));
  CHECK(ask(served.port, "POST /", "", std::string(60'000, 'x')).status == 200);
}

TEST_CASE("a handler that throws is a 500, and the connection goes on") {
  Served served(ListenerSettings{});
  RawClient client(served.port);
  client.send(raw_request("GET /throw") + raw_request("GET /"));
  const RawAnswer answer = client.read_answer();
  CHECK(answer.status == 500);
  CHECK_FALSE(contains(answer.body, "on purpose"));
  CHECK(client.read_answer().status == 200);
}

TEST_CASE("a connection ends after its bound of requests") {
  ListenerSettings settings;
  settings.keep_alive_requests = 2;
  Served served(settings);
  RawClient client(served.port);
  client.send(raw_request("GET /") + raw_request("GET /") + raw_request("GET /"));
  CHECK(client.read_answer().header("connection") == "");
  CHECK(client.read_answer().header("connection") == "close");
  CHECK(client.read_rest().text.empty());
}

TEST_CASE("clients that go away at any moment leave nothing behind") {
  Served served(ListenerSettings{});
  const std::string text = raw_request("POST /", "", std::string(1000, 'x'));
  for (std::size_t size = 0; size < text.size(); size += 37) {
    RawClient client(served.port);
    client.send(text.substr(0, size));
  }
  for (int i = 0; i < 50; ++i) {
    RawClient client(served.port);
    client.send(raw_request("GET /large"));
  }
  CHECK(ask(served.port, "GET /").status == 200);
}

TEST_CASE("stopping waits for a request under way and sends its answer") {
  auto served = std::make_unique<Served>(ListenerSettings{});
  RawClient client(served->port);
  client.send(raw_request("GET /wait"));
  served->gate.wait_for(1);
  std::thread stopper([&] { served->listener.reset(); });
  served->gate.open();
  const RawAnswer answer = client.read_answer();
  stopper.join();
  CHECK(answer.status == 200);
  CHECK(answer.body == "ok\n");
}

}  // namespace
}  // namespace pawl::test
