// The CLI's side of the API, over cpp-httplib.
#include "http/client.h"

#include <httplib.h>

#include <sys/socket.h>

#include <chrono>
#include <exception>

#include "http/listen_socket.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kHttp = "http://";
constexpr std::string_view kJsonType = "application/json";

bool is_success(int status) { return status >= 200 && status < 300; }

Error transport_error(httplib::Error error, const std::string& address) {
  switch (error) {
    case httplib::Error::ConnectionTimeout:
    case httplib::Error::Timeout:
      return {ErrorKind::kTimeout, "the agent did not answer in time", address};
    case httplib::Error::Connection:
      return {ErrorKind::kUnavailable, "nobody answers at this address", address};
    default:
      return {ErrorKind::kUnavailable, "the connection broke: " + httplib::to_string(error),
              address};
  }
}

struct Place {
  std::string host;  // or the socket's path
  int port = 80;
  bool is_unix = false;
};

Result<Place> parse_address(const std::string& address) {
  const Error bad{ErrorKind::kInvalid, "an agent's address is unix:///PATH or http://HOST:PORT",
                  address};
  if (address.starts_with(kUnix)) {
    Place place{address.substr(kUnix.size()), 80, true};
    if (!place.host.starts_with('/')) return bad;
    return place;
  }
  if (!address.starts_with(kHttp)) return bad;
  std::string_view rest = std::string_view(address).substr(kHttp.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#@ ") != std::string_view::npos) return bad;
  const Result<http::ListenAddress> parsed = http::parse_listen_address(rest);
  if (!parsed) return bad;
  return Place{parsed->host, parsed->port, false};
}

}  // namespace

class HttpClient::Impl {
 public:
  Impl(std::string address, const Place& place)
      : address_(std::move(address)), client_(place.host, place.port) {
    if (place.is_unix) client_.set_address_family(AF_UNIX);
    client_.set_connection_timeout(std::chrono::milliseconds(limits::kClientConnectMs));
    client_.set_write_timeout(std::chrono::milliseconds(limits::kHttpWriteMs));
    client_.set_path_encode(false);  // targets come encoded
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
  }

  Result<HttpAnswer> get(const std::string& target) {
    return whole(
        [&](const httplib::ContentReceiver& receive) { return client_.Get(target, receive); });
  }

  Result<HttpAnswer> post(const std::string& target, const std::string& json_body,
                          const std::vector<std::pair<std::string, std::string>>& headers) {
    const httplib::Headers all(headers.begin(), headers.end());
    return whole([&](const httplib::ContentReceiver& receive) {
      return client_.Post(target, all, json_body, std::string(kJsonType), receive);
    });
  }

  Result<int> stream(const std::string& target,
                     const std::function<bool(std::string_view)>& receive) {
    client_.set_read_timeout(std::chrono::milliseconds(limits::kClientStreamMs));
    int status = 0;
    bool is_ended = false;
    const auto on_head = [&](const httplib::Response& response) {
      status = response.status;
      return is_success(status);
    };
    const auto on_piece = [&](const char* data, std::size_t size) {
      is_ended = !receive(std::string_view(data, size));
      return !is_ended;
    };
    return guarded<int>([&]() -> Result<int> {
      const httplib::Result result = client_.Get(target, on_head, on_piece);
      if (is_ended) return Error{ErrorKind::kCancelled, "ended by the reader", address_};
      if (status != 0 && !is_success(status)) return status;
      if (!result) return transport_error(result.error(), address_);
      return status;
    });
  }

 private:
  // Runs one request and gathers its answer, within the bound.
  template <typename Send>
  Result<HttpAnswer> whole(const Send& send) {
    client_.set_read_timeout(std::chrono::milliseconds(limits::kClientReadMs));
    HttpAnswer answer;
    bool is_too_large = false;
    const auto receive = [&](const char* data, std::size_t size) {
      is_too_large = answer.body.size() + size > limits::kClientBodyBytes;
      if (!is_too_large) answer.body.append(data, size);
      return !is_too_large;
    };
    return guarded<HttpAnswer>([&]() -> Result<HttpAnswer> {
      const httplib::Result result = send(receive);
      if (is_too_large) {
        return Error{ErrorKind::kTooLarge,
                     "the answer is over " + std::to_string(limits::kClientBodyBytes) + " bytes",
                     address_};
      }
      if (!result) return transport_error(result.error(), address_);
      answer.status = result->status;
      return std::move(answer);
    });
  }

  template <typename Value, typename Call>
  Result<Value> guarded(const Call& call) {
    try {
      return call();
    } catch (const std::exception& error) {
      return Error{ErrorKind::kInternal, std::string("the request failed: ") + error.what(),
                   address_};
    }
  }

  const std::string address_;
  httplib::Client client_;
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::make(const std::string& address) {
  PAWL_TRY(const Place place, parse_address(address));
  return std::unique_ptr<HttpClient>(new HttpClient(std::make_unique<Impl>(address, place)));
}

Result<HttpAnswer> HttpClient::get(const std::string& target) { return impl_->get(target); }

Result<HttpAnswer> HttpClient::post(
    const std::string& target, const std::string& json_body,
    const std::vector<std::pair<std::string, std::string>>& headers) {
  return impl_->post(target, json_body, headers);
}

Result<int> HttpClient::stream(const std::string& target,
                               const std::function<bool(std::string_view)>& receive) {
  return impl_->stream(target, receive);
}

}  // namespace pawl
