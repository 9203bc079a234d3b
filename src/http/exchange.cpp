#include "http/exchange.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "http/guard.h"

namespace pawl::http {
namespace {

using HandlerResponse = httplib::Server::HandlerResponse;

// All requests with a body take this one route of cpp-httplib's; ours come after. It has a parameter,
// since any other pattern becomes a std::regex, and a path we do not choose must not reach one.
constexpr const char* kOnlyRoute = "/:any";
constexpr const char* kOnlyPath = "/any";

thread_local Exchange* current = nullptr;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Request to_request(const httplib::Request& head, const Peer& peer) {
  Request request;
  request.method = head.method;
  const std::size_t question = std::min(head.target.find('?'), head.target.size());
  request.path = head.target.substr(0, question);
  request.query = head.target.substr(std::min(question + 1, head.target.size()));
  request.is_http_1_0 = head.version == "HTTP/1.0";
  for (const auto& [name, value] : head.headers) request.headers.push_back({lower(name), value});
  request.peer = peer;
  return request;
}

class SinkWriter : public StreamWriter {
 public:
  SinkWriter(httplib::DataSink& sink, ClientStream& stream) : sink_(sink), stream_(stream) {}
  bool write(std::string_view bytes) override {
    if (bytes.empty()) return !stream_.is_over();
    stream_.begin_piece();
    return sink_.write(bytes.data(), bytes.size()) && !stream_.is_over();
  }
  bool is_open() override { return stream_.is_peer_alive(); }

 private:
  httplib::DataSink& sink_;
  ClientStream& stream_;
};

bool run_stream(const Stream& stream, const std::string& path, SinkWriter writer) {
  try {
    return stream(writer) && writer.is_open();
  } catch (const std::exception& error) {
    log_error("a stream failed", {{"path", path}, {"error", error.what()}});
    return false;
  }
}

}  // namespace

void Exchange::attach(httplib::Server& server, std::size_t max_body_bytes) {
  server.set_payload_max_length(max_body_bytes);
  server.set_pre_routing_handler([](const httplib::Request& head, httplib::Response& out) {
    Exchange& exchange = *current;
    if (!exchange.refusal_ && head.method == "POST") return HandlerResponse::Unhandled;
    exchange.answer(out);
    return HandlerResponse::Handled;
  });
  server.Post(kOnlyRoute,
              [](const httplib::Request&, httplib::Response& out,
                 const httplib::ContentReader& reader) { current->read_body(reader, out); });
  server.set_expect_100_continue_handler([](const httplib::Request&, httplib::Response& out) {
    if (!current->refusal_) return static_cast<int>(httplib::StatusCode::Continue_100);
    current->answer(out);
    return out.status;
  });
  server.set_error_handler([](const httplib::Request& head, httplib::Response& out) {
    current->explain(head, out);
    return HandlerResponse::Handled;
  });
  server.set_post_routing_handler(
      [](const httplib::Request&, httplib::Response& out) { current->finish(out); });
}

Exchange::Exchange(const ExchangeSettings& settings, ExchangeTotals& totals, ClientStream& stream,
                   const Peer& peer, bool is_last_of_connection)
    : is_last(is_last_of_connection), settings_(settings), totals_(totals), stream_(stream) {
  request_.peer = peer;
  current = this;
}

Exchange::~Exchange() {
  current = nullptr;
  release_body();
  if (is_stream_) --totals_.streams;
}

void Exchange::on_head(httplib::Request& head) {
  has_head_ = true;
  request_ = to_request(head, request_.peer);
  refusal_ = check_head(request_, settings_.max_body_bytes);
  const bool has_length = head.has_header("Content-Length");
  const bool is_chunked = head.has_header("Transfer-Encoding");
  // cpp-httplib would read and drop the body of a request that is refused or no POST: the connection
  // ends instead.
  const bool has_body = is_chunked || (has_length && request_.header("content-length") != "0");
  is_broken_ = refusal_.has_value() || (has_body && request_.method != "POST");
  // A POST that says nothing of a body has none; cpp-httplib would read on to the connection's end.
  if (!has_length && !is_chunked) head.headers.emplace("Content-Length", "0");
  // Neither ranges nor web sockets are served.
  head.ranges.clear();
  head.headers.erase("Upgrade");
  head.path = kOnlyPath;
  stream_.begin_body();
}

void Exchange::read_body(const httplib::ContentReader& reader, httplib::Response& out) {
  bool is_over_bound = false;
  const bool is_whole = reader([&](const char* data, std::size_t size) {
    charged_ += size;
    is_over_bound = totals_.buffered.fetch_add(size) + size > settings_.buffered_bytes;
    if (is_over_bound) return false;
    request_.body.append(data, size);
    return true;
  });
  if (is_whole) return answer(out);
  is_broken_ = true;
  const ClientStream::Fault& fault = stream_.fault();
  if (is_over_bound) {
    refusal_ = problem(503, "too many requests are being received");
  } else if (fault.status != 0) {
    refusal_ = problem(fault.status, fault.detail);
  } else if (out.status == httplib::StatusCode::PayloadTooLarge_413) {
    return;  // explain() says so
  } else if (out.status == httplib::StatusCode::UnsupportedMediaType_415) {
    refusal_ = problem(415, "this Content-Encoding is not known");
  } else {
    refusal_ = problem(400, "the body's framing is wrong");
  }
  answer(out);
}

void Exchange::answer(httplib::Response& out) {
  stream_.begin_handling();
  Response response = refusal_ ? std::move(*refusal_) : settings_.handler(request_);
  refusal_.reset();
  release_body();
  give(std::move(response), out);
}

// Before the answer is sent: what its client does next finds the room free.
void Exchange::release_body() {
  request_.body = {};
  totals_.buffered -= std::exchange(charged_, 0);
}

void Exchange::give(Response response, httplib::Response& out) {
  if (response.stream && request_.method != "HEAD") {
    if (totals_.streams.fetch_add(1) < settings_.streams) {
      is_stream_ = true;
    } else {
      --totals_.streams;
      response = problem(503, "too many live streams are open; close one, or try again later");
    }
  }
  out.status = response.status;
  out.headers.clear();
  for (const auto& [name, value] : answer_headers(response)) out.set_header(name, value);
  has_length_ = !response.stream && response.status != 204 && response.status != 304;
  if (is_stream_) return give_stream(std::move(response), out);
  out.body = std::move(response.body);
}

void Exchange::give_stream(Response response, httplib::Response& out) {
  const auto provide = [this, stream = std::move(response.stream)](std::size_t,
                                                                   httplib::DataSink& sink) {
    if (!run_stream(stream, request_.path, SinkWriter(sink, stream_))) return false;
    stream_.begin_piece();
    sink.done();
    return true;
  };
  out.headers.erase("Content-Type");
  if (request_.is_http_1_0) {
    is_last = true;
    out.set_content_provider(response.content_type, provide);
  } else {
    out.set_chunked_content_provider(response.content_type, provide);
  }
}

// What cpp-httplib refuses by itself has a status and no more.
void Exchange::explain(const httplib::Request& head, httplib::Response& out) {
  if (!out.body.empty()) return;
  is_broken_ = true;
  const ClientStream::Fault& fault = stream_.fault();
  if (fault.status != 0) return give(problem(fault.status, fault.detail), out);
  if (head.version.starts_with("HTTP/") && !head.version.starts_with("HTTP/1.")) {
    return give(problem(505, "the version is not HTTP/1.1"), out);
  }
  switch (out.status) {
    case 413:
      return give(
          problem(413, "the body is over " + std::to_string(settings_.max_body_bytes) + " bytes"),
          out);
    case 400:
      return give(problem(400, "the request line or a header is malformed"), out);
    default:
      return give(problem(out.status, "the request cannot be met"), out);
  }
}

// cpp-httplib has put in its own idea of keep-alive.
void Exchange::finish(httplib::Response& out) {
  is_last = is_last || is_broken_ || !has_head_ || stream_.is_contended();
  for (const char* name : {"Connection", "Keep-Alive", "Accept-Ranges"}) out.headers.erase(name);
  if (!has_length_) out.headers.erase("Content-Length");
  if (is_last) out.set_header("Connection", "close");
  stream_.begin_answer();
}

}  // namespace pawl::http
