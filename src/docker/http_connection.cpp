// A curl_multi handle with a single transfer, rather than curl_easy_perform:
// only curl_multi_poll can be woken from another thread and can wait without a
// tick of its own (the easy interface calls back once a second, for as long as
// a log is followed).
#include "docker/http_connection.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstring>
#include <memory>

#include "base/log.h"
#include "model/limits.h"

namespace pawl {
namespace {

using Steady = std::chrono::steady_clock;

std::optional<Steady::time_point> deadline_in(std::int64_t ms) {
  if (ms <= 0) return std::nullopt;
  return Steady::now() + std::chrono::milliseconds(ms);
}

// One request under way: what libcurl calls back into.
struct Transfer {
  const HttpRequest& request;
  CURL* easy;
  HttpResponse response;
  std::optional<Error> failure;  // ours or the sink's; libcurl then only knows "write error"
  bool head_came = false;

  bool to_sink() {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return request.sink != nullptr && status >= 200 && status < 300;
  }

  bool take(std::string_view bytes) {
    if (to_sink()) {
      auto taken = request.sink->take(bytes);
      if (!taken) failure = std::move(taken).error();
      return !failure;
    }
    if (response.body.size() + bytes.size() > limits::kEngineResponseBytes) {
      failure = Error{
          ErrorKind::kTooLarge,
          "the engine's answer is over " + std::to_string(limits::kEngineResponseBytes) + " bytes",
          {}};
      return false;
    }
    response.body += bytes;
    return true;
  }
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* transfer) {
  const bool taken = static_cast<Transfer*>(transfer)->take({data, size * count});
  return taken ? size * count : CURL_WRITEFUNC_ERROR;
}

std::size_t on_read(char* data, std::size_t size, std::size_t count, void* context) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  auto given = transfer.request.source->read(data, size * count);
  if (given) return *given;
  transfer.failure = std::move(given).error();
  return CURL_READFUNC_ABORT;
}

std::size_t on_header(char*, std::size_t size, std::size_t count, void* transfer) {
  static_cast<Transfer*>(transfer)->head_came = true;
  return size * count;
}

// Whether the request cannot have been heard: there was no connection to send it over yet. An engine that refuses our
// certificate is not among these, since TLS 1.3 tells of that only after the request is on its way.
bool is_unsent(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_INITFAILED:
      return true;
    default:
      return false;
  }
}

Error connect_error(CURL* easy, const EngineAddress& address) {
  long code = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &code);
  std::string hint = address.is_tls() ? "does dockerd listen there?" : "is dockerd running?";
  if (code == EACCES || code == EPERM) {
    hint = "may this user open it? (root, or a member of the group docker)";
  }
  const std::string why = code == 0 ? "cannot connect" : std::strerror(static_cast<int>(code));
  return Error{ErrorKind::kUnavailable,
               "no container engine answers at " + address.text() + " (" + why + "); " + hint,
               {}};
}

// What to look at, by what libcurl says of the handshake.
std::string tls_hint(CURLcode code, const EngineAddress& address) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return "; is its certificate in force, made for the name " + address.host +
             ", and signed by a CA of " + address.ca_file + "?";
    case CURLE_SSL_CACERT_BADFILE:
      return "; does tls.ca_file " + address.ca_file + " hold a certificate in PEM?";
    case CURLE_SSL_CERTPROBLEM:
      return "; do tls.cert_file " + address.cert_file + " and tls.key_file " + address.key_file +
             " hold a certificate in PEM and its key, without a passphrase?";
    default:
      return "; does it speak TLS 1.2 or newer, and accept the certificate of " +
             address.cert_file + "?";
  }
}

Error transfer_error(CURLcode code, CURL* easy, const EngineAddress& address,
                     const std::string& detail) {
  const std::string where = address.text();
  const std::string text =
      detail.empty() ? std::string(curl_easy_strerror(code)) : escape_control(detail);
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return connect_error(easy, address);
    case CURLE_OPERATION_TIMEDOUT:
      return Error{
          ErrorKind::kTimeout, "the container engine at " + where + " does not answer", {}};
    case CURLE_OUT_OF_MEMORY:
      // In the middle of a call: it may have been heard.
      return Error{ErrorKind::kUnavailable, "out of memory in a call to the engine", {}};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error{ErrorKind::kCorrupt, "what answers at " + where + " is no container engine", {}};
    case CURLE_COULDNT_RESOLVE_HOST:
      return Error{ErrorKind::kUnavailable,
                   "no container engine answers at " + where + " (" + text + ")",
                   {}};
    default:
      break;
  }
  if (is_unsent(code)) {
    return Error{ErrorKind::kUnavailable,
                 "no TLS with the container engine at " + where + " (" + text + ")" +
                     tls_hint(code, address),
                 {}};
  }
  // An engine that refuses our certificate ends the connection in the middle of the first call.
  const bool refuses = address.is_tls() && text.find("alert") != std::string::npos;
  return Error{ErrorKind::kUnavailable,
               "the connection to the container engine at " + where + " broke (" + text + ")" +
                   (refuses ? tls_hint(code, address) : std::string()),
               {}};
}

void set_address(CURL* easy, const EngineAddress& address) {
  if (!address.is_tls()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, address.socket_path.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    return;
  }
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_CAINFO, address.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // not the host's own CAs
  curl_easy_setopt(easy, CURLOPT_SSLCERT, address.cert_file.c_str());
  curl_easy_setopt(easy, CURLOPT_SSLKEY, address.key_file.c_str());
  curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");  // or OpenSSL would ask the terminal for one
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

void set_options(CURL* easy, const HttpRequest& request, Transfer& transfer,
                 const EngineAddress& address, curl_slist* headers) {
  curl_easy_reset(easy);
  const std::string url = address.url() + request.target;
  set_address(easy, address);
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // never $http_proxy
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits::kEngineConnectMs));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "pawl");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  const std::string_view method = request.method;
  if (request.source != nullptr) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(-1));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, &transfer);
  } else if (method == "POST" || method == "PUT") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  if (method != "POST") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method);
  if (!request.idempotent || request.new_connection)
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
}

// Runs the transfer to its end. Nothing: libcurl's own result counts.
std::optional<Error> drive(CURLM* multi, Transfer& transfer, const std::stop_token& stop) {
  const auto answer_by = deadline_in(transfer.request.answer_ms);
  const auto end_by = deadline_in(transfer.request.total_ms);
  const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
  while (true) {
    if (stop.stop_requested()) return Error{ErrorKind::kCancelled, "stopped", {}};
    int running = 0;
    const CURLMcode code = curl_multi_perform(multi, &running);
    if (code != CURLM_OK) return Error{ErrorKind::kInternal, curl_multi_strerror(code), {}};
    if (running == 0) return std::nullopt;

    std::int64_t wait_ms = INT_MAX;
    if (transfer.to_sink()) {
      const auto wish = transfer.request.sink->before_wait();
      if (!wish) return Error{ErrorKind::kCancelled, "the stream is not wanted any more", {}};
      if (*wish >= 0) wait_ms = std::min(wait_ms, *wish);
    }
    for (const auto& deadline : {transfer.head_came ? std::nullopt : answer_by, end_by}) {
      if (!deadline) continue;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Steady::now());
      if (left.count() <= 0) {
        return Error{ErrorKind::kTimeout, "the container engine did not answer in time", {}};
      }
      wait_ms = std::min<std::int64_t>(wait_ms, left.count());
    }
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(wait_ms), nullptr);
  }
}

CURLcode result_of(CURLM* multi) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) return message->data.result;
  }
  return CURLE_OK;
}

}  // namespace

HttpConnection::HttpConnection(EngineAddress address)
    : address_(std::move(address)), multi_(curl_multi_init()), easy_(curl_easy_init()) {
  if (multi_ != nullptr) curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
}

HttpConnection::~HttpConnection() {
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

Result<HttpResponse> HttpConnection::perform(const HttpRequest& request,
                                             const std::stop_token& stop) {
  if (multi_ == nullptr || easy_ == nullptr) {
    return Error{ErrorKind::kExhausted, "out of memory or file descriptors for the engine", {}};
  }
  // No "Expect: 100-continue", which costs a second with servers that do not
  // know it.
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Expect:"), curl_slist_free_all);
  const std::string type = "Content-Type:" + (request.body.empty() && request.source == nullptr
                                                  ? std::string()
                                                  : std::string(" ") + request.content_type);
  curl_slist_append(headers.get(), type.c_str());
  if (request.source != nullptr) {
    curl_slist_append(headers.get(), "Transfer-Encoding: chunked");
  }
  const std::string auth = "X-Registry-Auth: " + request.registry_auth;
  if (!request.registry_auth.empty()) curl_slist_append(headers.get(), auth.c_str());

  Transfer transfer{request, easy_, {}, {}, false};
  std::array<char, CURL_ERROR_SIZE> detail{};
  set_options(easy_, request, transfer, address_, headers.get());
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, detail.data());
  if (curl_multi_add_handle(multi_, easy_) != CURLM_OK) {
    return Error{ErrorKind::kExhausted, "out of memory for a call to the engine", {}};
  }
  std::optional<Error> failure = drive(multi_, transfer, stop);
  const CURLcode code = result_of(multi_);
  if (request.sent != nullptr) *request.sent = !is_unsent(code);
  if (!failure && transfer.failure) failure = std::move(transfer.failure);
  if (!failure && code != CURLE_OK) failure = transfer_error(code, easy_, address_, detail.data());
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &transfer.response.status);
  curl_multi_remove_handle(multi_, easy_);  // an unfinished transfer's connection is closed
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, nullptr);
  if (failure) return std::move(*failure);
  return std::move(transfer.response);
}

}  // namespace pawl
