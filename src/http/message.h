// Requests and responses as routes, API and webhooks see them: plain values that know nothing of
// sockets. A Request is complete (its body is read and bounded) before any handler sees it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pawl::http {

struct Header {
  std::string name;  // lower case in requests
  std::string value;
};

// Who is at the other end of a connection.
struct Peer {
  bool is_unix = false;
  std::optional<uid_t> uid;   // unix socket: SO_PEERCRED
  std::string address;        // TCP: numeric, without port
  std::string local_address;  // TCP: numeric; the address that was connected to
  bool is_loopback = false;
};

struct Request {
  std::string method;  // as sent: methods are case-sensitive
  std::string path;    // still percent-encoded; begins with '/'
  std::string query;   // still encoded, without the '?'
  bool is_http_1_0 = false;
  std::vector<Header> headers;
  std::string body;
  Peer peer;

  // All values of that header, in order; `name` in lower case.
  [[nodiscard]] std::vector<std::string_view> header_values(std::string_view name) const;
  // The value of a header that came exactly once; "" when it is missing or was repeated.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] bool has_header(std::string_view name) const;
};

// Where a streamed body goes. Used by the thread that runs the stream only.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  // Sends at once. Blocks for limits::kHttpWriteMs at most; false: the client is gone or too slow,
  // or the server stops. The stream must end then.
  [[nodiscard]] virtual bool write(std::string_view bytes) = 0;
  // False once the client has hung up or the server stops. Does not block.
  [[nodiscard]] virtual bool is_open() = 0;
};

// Writes a body as it comes into being, on a thread of the listener's pool. False: it had to break
// off, and the client is to see that it did not get all.
using Stream = std::function<bool(StreamWriter&)>;

struct Response {
  int status = 200;
  std::string content_type;  // empty: no body
  std::vector<Header> headers;
  std::string body;
  Stream stream;  // set: the body is what it writes, and `body` is ignored
};

[[nodiscard]] std::string_view reason_phrase(int status);

// 200 or another status, application/json.
[[nodiscard]] Response json_response(const Json& json, int status = 200);
[[nodiscard]] Response text_response(std::string text, int status = 200);

// application/problem+json (RFC 9457): type about:blank, title, status, detail. 429 and 503 carry
// Retry-After.
[[nodiscard]] Response problem(int status, std::string_view detail);
[[nodiscard]] Response problem(const Error& error);
[[nodiscard]] int status_of(ErrorKind kind);

// The response's headers and those that every answer has, without those of its framing. Control
// characters in values are dropped.
[[nodiscard]] std::vector<Header> answer_headers(const Response& response);
// The whole answer, as it is sent, after which the connection ends.
[[nodiscard]] std::string last_answer(const Response& response);

}  // namespace pawl::http
