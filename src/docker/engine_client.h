// Calls to the Engine API: version negotiation, a pool of connections, HTTP
// statuses turned into errors.
//
// Thread-safe. A call takes a connection of its own, so that a followed log
// holds nobody up; up to limits::kEngineIdleConnections stay open for later
// calls.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "docker/http_connection.h"

namespace pawl {

struct EngineVersion {
  std::string engine;      // "20.10.24"
  std::string api;         // what this client speaks to it: "1.41"
  bool is_podman = false;  // Podman's service, which speaks Docker's API as well
};

// Decides from GET /version what to speak: the engine's own version, at
// most 1.47, at least 1.40. Pure. Errors: kInvalid (too old, or too new to
// speak 1.47), kCorrupt.
[[nodiscard]] Result<EngineVersion> choose_version(const Json& version);

// RFC 3986: everything but unreserved characters as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text);

class EngineClient {
 public:
  explicit EngineClient(EngineAddress address);
  ~EngineClient();

  // `request.target` without the version's prefix. A status of 400 and more is
  // an error with the engine's own words: 404 kNotFound, 409 kConflict, 401 and
  // 403 kDenied, 503 kUnavailable, any other kInvalid unless Podman names a cause that is one of these. Errors otherwise
  // as HttpConnection::perform and negotiate().
  [[nodiscard]] Result<HttpResponse> call(HttpRequest request, const std::stop_token& stop);
  // The body as JSON; kCorrupt if it is none.
  [[nodiscard]] Result<Json> call_json(HttpRequest request, const std::stop_token& stop);

  // Asks the engine anew.
  [[nodiscard]] Result<EngineVersion> negotiate(const std::stop_token& stop);
  // As it was told last; asks where that was before the engine was last unreachable.
  [[nodiscard]] Result<EngineVersion> version(const std::stop_token& stop);

 private:
  [[nodiscard]] Result<HttpResponse> perform(const HttpRequest& request,
                                             const std::stop_token& stop);

  const EngineAddress address_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HttpConnection>> idle_;  // the last used one at the back
  std::optional<EngineVersion>
      version_;  // nothing: not negotiated since the engine was last unreachable
};

}  // namespace pawl
