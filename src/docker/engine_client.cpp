// A connection of the pool is used last in, first out: under little load the
// others grow old and libcurl closes them. Rejected: one multi handle for all
// calls in a thread of its own, which would pass every log byte between two
// threads.
#include "docker/engine_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/log.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr int kMinorMin = 40;  // Docker 19.03
constexpr int kMinorMax = 47;  // Docker 27

// The minor number of "1.41"; nothing for any other text.
std::optional<int> minor_of(std::string_view version) {
  if (!version.starts_with("1.")) return std::nullopt;
  version.remove_prefix(2);
  int minor = 0;
  const auto [end, code] = std::from_chars(version.data(), version.data() + version.size(), minor);
  if (code != std::errc{} || end != version.data() + version.size() || minor < 0) {
    return std::nullopt;
  }
  return minor;
}

// Podman answers 500 to much that Docker has statuses for, but names the cause apart from the message.
std::optional<ErrorKind> kind_of_cause(std::string_view cause) {
  constexpr std::array<std::string_view, 5> kConflicts = {
      "that name is already in use", "container already exists", "container state improper",
      "image is in use by a container", "volume is being used"};
  constexpr std::array<std::string_view, 3> kMissing = {"no such container", "image not known",
                                                        "no such volume"};
  if (std::find(kConflicts.begin(), kConflicts.end(), cause) != kConflicts.end()) {
    return ErrorKind::kConflict;
  }
  if (std::find(kMissing.begin(), kMissing.end(), cause) != kMissing.end()) {
    return ErrorKind::kNotFound;
  }
  return std::nullopt;
}

bool is_podman(const Json& version) {
  for (const Json& component : version["Components"].items()) {
    if (component["Name"].as_string() == "Podman Engine") return true;
  }
  return false;
}

Error status_error(const HttpResponse& response) {
  std::string message;
  std::string cause;
  if (const auto json = Json::parse(response.body)) {
    message = (*json)["message"].as_string();
    cause = (*json)["cause"].as_string();
  }
  if (message.empty()) message = response.body;
  while (!message.empty() && message.back() == '\n') message.pop_back();
  message = escape_control(std::string_view(message).substr(0, limits::kEngineMessageBytes));
  if (message.empty()) message = "HTTP status " + std::to_string(response.status);
  ErrorKind kind = ErrorKind::kInvalid;
  switch (response.status) {
    case 401:
    case 403:
      kind = ErrorKind::kDenied;
      break;
    case 404:
      kind = ErrorKind::kNotFound;
      break;
    case 409:
      kind = ErrorKind::kConflict;
      break;
    case 503:
      kind = ErrorKind::kUnavailable;
      break;
    default:
      kind = kind_of_cause(cause).value_or(kind);
      break;
  }
  return Error{kind, std::move(message), {}};
}

}  // namespace

Result<EngineVersion> choose_version(const Json& version) {
  const std::string& newest = version["ApiVersion"].as_string();
  const std::string& oldest = version["MinAPIVersion"].as_string();
  const auto newest_minor = minor_of(newest);
  if (!newest_minor) {
    return Error{ErrorKind::kCorrupt, "the engine's /version names no API version 1.x", {}};
  }
  const std::string engine =
      escape_control(std::string_view(version["Version"].as_string()).substr(0, 64));
  if (*newest_minor < kMinorMin) {
    return Error{ErrorKind::kInvalid,
                 "the container engine (version " + engine + ") speaks API " + newest +
                     ", which is too old; install Docker 19.03 (API 1." +
                     std::to_string(kMinorMin) + ") or newer",
                 {}};
  }
  // Engines that do not say take every version up to their own.
  if (minor_of(oldest).value_or(0) > kMinorMax) {
    return Error{ErrorKind::kInvalid,
                 "the container engine (version " + engine + ") speaks API " + oldest +
                     " and newer only; this pawl speaks 1." + std::to_string(kMinorMin) + " to 1." +
                     std::to_string(kMinorMax) + ": install a newer pawl",
                 {}};
  }
  const std::string api = "1." + std::to_string(std::min(*newest_minor, kMinorMax));
  return EngineVersion{engine, api, is_podman(version)};
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 0xf];
    }
  }
  return out;
}

EngineClient::EngineClient(EngineAddress address) : address_(std::move(address)) {
  static const CURLcode kInitialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  PAWL_ASSERT(kInitialised == CURLE_OK);
}

EngineClient::~EngineClient() = default;

Result<HttpResponse> EngineClient::perform(const HttpRequest& request,
                                           const std::stop_token& stop) {
  std::unique_ptr<HttpConnection> connection;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!connection) connection = std::make_unique<HttpConnection>(address_);
  auto response = connection->perform(request, stop);
  std::lock_guard lock(mutex_);
  if (!response && response.error().kind == ErrorKind::kUnavailable) {
    // Another engine may answer next time.
    version_.reset();
    return response;
  }
  if (idle_.size() < limits::kEngineIdleConnections) idle_.push_back(std::move(connection));
  return response;
}

Result<HttpResponse> EngineClient::call(HttpRequest request, const std::stop_token& stop) {
  PAWL_TRY(const EngineVersion spoken, version(stop));
  request.target = "/v" + spoken.api + request.target;
  PAWL_TRY(HttpResponse response, perform(request, stop));
  const bool done = (response.status >= 200 && response.status < 300) || response.status == 304;
  if (!done) return status_error(response);
  return response;
}

namespace {

// Want of memory is ours and passes: it must not end a task as lost.
Error unreadable(const Error& why) {
  if (why.kind == ErrorKind::kExhausted) return why;
  return Error{ErrorKind::kCorrupt, "the engine's answer is no JSON", {}};
}

}  // namespace

Result<Json> EngineClient::call_json(HttpRequest request, const std::stop_token& stop) {
  PAWL_TRY(const HttpResponse response, call(std::move(request), stop));
  auto json = Json::parse(response.body);
  if (!json) return unreadable(json.error());
  return json;
}

Result<EngineVersion> EngineClient::negotiate(const std::stop_token& stop) {
  HttpRequest request;
  request.target = "/version";
  request.total_ms = limits::kEngineCallMs;
  PAWL_TRY(const HttpResponse response, perform(request, stop));
  if (response.status != 200) return status_error(response);
  const auto json = Json::parse(response.body);
  if (!json) return unreadable(json.error());
  PAWL_TRY(EngineVersion version, choose_version(*json));
  std::lock_guard lock(mutex_);
  version_ = version;
  return version;
}

Result<EngineVersion> EngineClient::version(const std::stop_token& stop) {
  {
    std::lock_guard lock(mutex_);
    if (version_) return *version_;
  }
  return negotiate(stop);
}

}  // namespace pawl
