// POST /hooks/{path}: which pipelines a delivery is meant for, and their runs.
//
// A pipeline listens on a path with secrets of its own; only pipelines one of whose secrets signed the
// body are passed on, and of those the ones whose trigger covers the event and whose condition holds. The body is not looked
// into before, and nothing of it is kept but its digest and the params. Triggers of providers whose signatures are not
// known here do not listen. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/payload.h"
#include "http/router.h"
#include "model/host_config.h"
#include "ports/control.h"

namespace pawl::http {

class Hooks {
 public:
  // `host`: its name and labels are what expressions see.
  Hooks(Control& control, const HostConfig& host);

  // Adds the one route; this object must outlive the router.
  void add_routes(Router& router);

 private:
  struct Listening {
    std::string pipeline;
    std::vector<std::string> secrets;
    WebhookDemands demands;
    std::vector<std::uint32_t> starts;
  };
  struct Path {
    std::vector<Listening> listening;
    std::vector<std::string> secrets;  // all their names, each once
  };
  // Built once for each published list of pipelines.
  struct Index {
    std::shared_ptr<const std::vector<PipelinePtr>> pipelines;
    std::map<std::string, Path, std::less<>> paths;
  };

  [[nodiscard]] Result<Response> receive(const Call& call);
  [[nodiscard]] std::shared_ptr<const Index> index();
  static void add_to(Index& index, const Pipeline& pipeline, const WebhookTrigger& trigger);
  // The names of the secrets that signed the body.
  [[nodiscard]] std::vector<std::string> verifying_secrets(const Path& path,
                                                           const Request& request);
  // The triggers that a delivery signed with these secrets is meant for, a pipeline's first one only. `refusal`: why one
  // of them could not be judged.
  [[nodiscard]] Result<std::vector<WebhookTarget>> find_targets(
      const Path& path, const std::vector<std::string>& verified, const Request& request,
      std::optional<Error>& refusal);
  void warn_of_secret(const std::string& name, const Error& error);

  Control& control_;
  const Json host_;
  // One payload at a time: as JSON it takes many times its bytes.
  std::mutex payload_mutex_;
  std::mutex mutex_;
  std::shared_ptr<const Index> index_;
  std::map<std::string, std::int64_t> warned_ms_;  // of each secret that could not be read
};

}  // namespace pawl::http
