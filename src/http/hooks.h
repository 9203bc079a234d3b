// POST /hooks/{path}: which pipelines a delivery is meant for, and their runs.
//
// A pipeline listens on a path with secrets of its own; only pipelines one of whose secrets signed the
// body are passed on. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/router.h"
#include "ports/control.h"

namespace pawl::http {

class Hooks {
 public:
  explicit Hooks(Control& control) : control_(control) {}

  // Adds the one route; this object must outlive the router.
  void add_routes(Router& router);

 private:
  struct Listening {
    std::string pipeline;
    std::vector<std::string> secrets;
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
  static void add_to(Path& path, const Pipeline& pipeline, const WebhookTrigger& trigger);
  // The names of the secrets that signed the body.
  [[nodiscard]] std::vector<std::string> verifying_secrets(const Path& path,
                                                           const Request& request);
  void warn_of_secret(const std::string& name, const Error& error);

  Control& control_;
  std::mutex mutex_;
  std::shared_ptr<const Index> index_;
  std::map<std::string, std::int64_t> warned_ms_;  // of each secret that could not be read
};

}  // namespace pawl::http
