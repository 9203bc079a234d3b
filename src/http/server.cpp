// The two listeners and what is served on each. People and machines are kept apart: a storm of
// webhooks has its own threads and bounds, and cannot take the page's.
#include "http/server.h"

#include <utility>
#include <vector>

#include "http/api.h"
#include "http/assets.h"
#include "http/guard.h"
#include "http/hooks.h"
#include "http/listener.h"

namespace pawl {
namespace {

using http::Listener;
using http::ListenerSettings;
using http::ListenSocket;
using http::Request;
using http::Response;

// Answers of the API are about now, and for nobody else's page.
void add_api_headers(const Request& request, Response& response) {
  const bool is_api = request.path.starts_with("/api/") || response.status >= 400;
  if (!is_api) return;
  response.headers.push_back({"Cache-Control", "no-store"});
  response.headers.push_back({"Cross-Origin-Resource-Policy", "same-origin"});
}

}  // namespace

class HttpServers::Impl {
 public:
  Impl(const HostConfig& config, Control& control, const StoreReader& store)
      : api_{control, store, config}, hooks_(control, config) {
    add_status_routes(people_router_, api_);
    add_pipeline_routes(people_router_, api_);
    add_run_routes(people_router_, api_);
    add_log_routes(people_router_, api_);
    add_schedule_routes(people_router_, api_);
    add_source_routes(people_router_, api_);
    add_event_routes(people_router_, api_);
    http::add_asset_routes(people_router_);
    hooks_.add_routes(webhooks_router_);
  }

  Result<void> start(const HostConfig& config) {
    PAWL_CHECK(start_people(config));
    return start_webhooks(config);
  }

  [[nodiscard]] int http_port() const { return http_port_; }
  [[nodiscard]] int webhooks_port() const { return webhooks_port_; }

 private:
  Result<void> start_people(const HostConfig& config) {
    std::vector<ListenSocket> sockets;
    if (!config.http_listen.empty()) {
      PAWL_TRY(const http::ListenAddress address, http::parse_listen_address(config.http_listen));
      listen_host_ = address.host;
      PAWL_TRY(ListenSocket socket, ListenSocket::bind_tcp(config.http_listen, "http.listen"));
      http_port_ = socket.port();
      sockets.push_back(std::move(socket));
    }
    if (!config.http_socket.empty()) {
      PAWL_TRY(ListenSocket socket, ListenSocket::bind_unix(config.http_socket, "http.socket"));
      sockets.push_back(std::move(socket));
    }
    if (sockets.empty()) return {};
    people_ = std::make_unique<Listener>(
        ListenerSettings{}, std::move(sockets),
        [this](const Request& request) { return answer_people(request); });
    return people_->start();
  }

  Result<void> start_webhooks(const HostConfig& config) {
    if (config.webhooks_listen.empty()) return {};
    std::vector<ListenSocket> sockets;
    PAWL_TRY(ListenSocket socket,
             ListenSocket::bind_tcp(config.webhooks_listen, "webhooks.listen"));
    webhooks_port_ = socket.port();
    sockets.push_back(std::move(socket));
    ListenerSettings settings;
    settings.max_body_bytes = static_cast<std::size_t>(config.webhook_max_body_bytes);
    settings.streams = 0;
    webhooks_ = std::make_unique<Listener>(
        settings, std::move(sockets),
        [this](const Request& request) { return webhooks_router_.route(request); });
    return webhooks_->start();
  }

  Response answer_people(const Request& request) const {
    std::optional<Response> refused = http::guard_request(request, listen_host_);
    Response response = refused ? std::move(*refused) : people_router_.route(request);
    add_api_headers(request, response);
    return response;
  }

  http::Api api_;
  http::Hooks hooks_;
  http::Router people_router_;
  http::Router webhooks_router_;
  std::string listen_host_;
  int http_port_ = 0;
  int webhooks_port_ = 0;
  // Last: they stop before what they serve goes.
  std::unique_ptr<Listener> people_;
  std::unique_ptr<Listener> webhooks_;
};

HttpServers::HttpServers(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServers::~HttpServers() = default;

Result<std::unique_ptr<HttpServers>> HttpServers::start(const HostConfig& config, Control& control,
                                                        const StoreReader& store) {
  auto impl = std::make_unique<Impl>(config, control, store);
  PAWL_CHECK(impl->start(config));
  return std::unique_ptr<HttpServers>(new HttpServers(std::move(impl)));
}

int HttpServers::http_port() const { return impl_->http_port(); }
int HttpServers::webhooks_port() const { return impl_->webhooks_port(); }

}  // namespace pawl
