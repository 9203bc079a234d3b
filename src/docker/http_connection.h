// One HTTP/1.1 client connection to the engine, over libcurl: to a unix socket, or mutual TLS (1.2 and newer; the
// peer's name is verified). It stays open between calls.
//
// One call at a time; a connection may move between threads. Sleeps in poll(2)
// while nothing happens: a stop request wakes it, there is no polling.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "docker/engine_address.h"

namespace pawl {

// Takes a response's body while it comes. Called by the calling thread only.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // An error ends the call and is its result.
  [[nodiscard]] virtual Result<void> take(std::string_view bytes) = 0;
  // As LogSink::before_wait.
  [[nodiscard]] virtual std::optional<std::int64_t> before_wait() { return -1; }
};

// Gives a request's body while it is sent. Called by the calling thread only.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Fills at most `size` bytes and returns how many; 0 at the end. An error ends the call and is its result.
  [[nodiscard]] virtual Result<std::size_t> read(char* bytes, std::size_t size) = 0;
};

struct HttpRequest {
  const char* method = "GET";
  std::string target;  // path and query, encoded
  std::string body;    // POST and PUT only
  const char* content_type = "application/json";
  std::string registry_auth{};  // X-Registry-Auth; a secret
  std::int64_t answer_ms = 0;   // until the response's head has come; 0: no bound of its own
  std::int64_t total_ms = 0;    // until its end; 0: no bound
  // False: carried out twice it does harm. It goes over a new connection, since
  // libcurl says a request again when a kept connection turns out to be closed,
  // not knowing whether it was heard.
  bool idempotent = true;
  bool new_connection = false;   // whatever may be kept
  BodySink* sink = nullptr;      // gets the body of a 2xx response; without one it is collected
  BodySource* source = nullptr;  // of the body, instead of `body`; POST only, sent in chunks
  bool* sent = nullptr;  // told whether it may have been heard; untouched where nothing was tried
};

struct HttpResponse {
  long status = 0;
  std::string body;
};

class HttpConnection {
 public:
  explicit HttpConnection(EngineAddress address);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Errors: kUnavailable (nobody answers, or one whom TLS does not trust, or the connection broke), kTimeout,
  // kTooLarge (a body over limits::kEngineResponseBytes), kCorrupt (no HTTP),
  // kCancelled, kExhausted, and the sink's.
  [[nodiscard]] Result<HttpResponse> perform(const HttpRequest& request,
                                             const std::stop_token& stop);

 private:
  const EngineAddress address_;
  void* const multi_;  // a CURLM; owns the kept connection
  void* const easy_;   // a CURL
};

}  // namespace pawl
