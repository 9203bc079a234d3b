#include "cli/api_client.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "cli/text.h"
#include "model/limits.h"

namespace pawl::cli {
namespace {

constexpr std::string_view kUnix = "unix://";
constexpr std::size_t kQuotedBytes = 200;  // of an answer that makes no sense

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorKind::kDenied;
    case 404:
      return ErrorKind::kNotFound;
    case 409:
      return ErrorKind::kConflict;
    case 413:
      return ErrorKind::kTooLarge;
    case 429:
    case 503:
      return ErrorKind::kExhausted;
    case 504:
      return ErrorKind::kTimeout;
    default:
      return status >= 400 && status < 500 ? ErrorKind::kInvalid : ErrorKind::kInternal;
  }
}

// application/problem+json (RFC 9457): the detail, or the next best.
Error problem(int status, const std::string& body) {
  std::string message;
  if (const Result<Json> json = Json::parse(body, limits::kJsonDepth)) {
    message = (*json)["detail"].as_string();
    if (message.empty()) message = (*json)["title"].as_string();
  }
  if (message.empty()) message = "the agent answered with status " + std::to_string(status);
  return Error{kind_of(status), std::move(message), ""};
}

}  // namespace

Result<ApiClient> ApiClient::make(const std::string& address) {
  PAWL_TRY(std::unique_ptr<HttpClient> http, HttpClient::make(address));
  return ApiClient(address, std::move(http));
}

// A socket that exists but may not be opened looks like a dead one from a distance; what to do
// about it differs.
Error ApiClient::transport_error(const Error& error) const {
  if (error.kind != ErrorKind::kUnavailable && error.kind != ErrorKind::kDenied) {
    return Error{error.kind, error.message, address_};
  }
  if (address_.starts_with(kUnix)) {
    const std::string path = address_.substr(kUnix.size());
    if (::access(path.c_str(), W_OK) != 0 && errno == EACCES) {
      return Error{
          ErrorKind::kDenied,
          "this user may not open the agent's socket; use sudo, or join the socket's group", path};
    }
  }
  return Error{ErrorKind::kUnavailable,
               "no agent answers; start it (systemctl start pawl), or name another with --server",
               address_};
}

Result<Json> ApiClient::read(Result<HttpAnswer> answer) const {
  if (!answer) return transport_error(answer.error());
  if (answer->status < 200 || answer->status > 299) return problem(answer->status, answer->body);
  Result<Json> json = Json::parse(answer->body, limits::kJsonDepth);
  if (!json) {
    return Error{ErrorKind::kInternal,
                 "what answers is no pawl agent: " + answer->body.substr(0, kQuotedBytes),
                 address_};
  }
  return json;
}

Result<void> ApiClient::probe() {
  const Result<HttpAnswer> answer = http_->get("/healthz");
  if (!answer) return transport_error(answer.error());
  return {};
}

Result<Json> ApiClient::get(const std::string& target) { return read(http_->get(target)); }

Result<Json> ApiClient::post(const std::string& target, const Json& body,
                             const std::vector<std::pair<std::string, std::string>>& headers) {
  return read(http_->post(target, body.dump(), headers));
}

Result<void> ApiClient::stream(const std::string& target,
                               const std::function<bool(std::string_view)>& receive) {
  bool is_ended = false;
  bool has_begun = false;
  const Result<int> status = http_->stream(target, [&](std::string_view piece) {
    has_begun = true;
    is_ended = !receive(piece);
    return !is_ended;
  });
  if (is_ended) return {};
  if (!status && has_begun) {
    return Error{status.error().kind, "the agent went away before the end of the output", address_};
  }
  if (!status) return transport_error(status.error());
  if (*status < 200 || *status > 299) return problem(*status, "");
  return {};
}

std::string with_query(std::string target, std::string_view name, std::string_view value) {
  if (value.empty()) return target;
  target += target.find('?') == std::string::npos ? '?' : '&';
  return target.append(name).append("=").append(url_encode(value));
}

}  // namespace pawl::cli
