// The listeners: people (REST API, events, page; TCP and unix socket) and webhooks, each with its own pool of
// threads.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "model/host_config.h"
#include "ports/control.h"
#include "ports/store.h"

namespace pawl {

class HttpServers {
 public:
  // Binds and starts serving; both references must outlive this. Errors: kConflict (address in use),
  // kInvalid (address), kDenied; the context is the address.
  [[nodiscard]] static Result<std::unique_ptr<HttpServers>> start(const HostConfig& config,
                                                                  Control& control,
                                                                  const StoreReader& store);
  ~HttpServers();  // stops accepting, ends streams, waits for requests under way

  // The ports bound (for ":0" in tests).
  [[nodiscard]] int http_port() const;
  [[nodiscard]] int webhooks_port() const;

 private:
  class Impl;
  explicit HttpServers(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pawl
