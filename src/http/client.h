// A small HTTP client for the CLI: the agent's unix socket or its TCP address. One call at a time per
// object.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pawl {

struct HttpAnswer {
  int status = 0;
  std::string body;  // bounded
};

class HttpClient {
 public:
  // `address`: "unix:///run/pawl/pawl.sock" or "http://127.0.0.1:7433". kInvalid.
  [[nodiscard]] static Result<std::unique_ptr<HttpClient>> make(const std::string& address);
  ~HttpClient();

  // Errors: kUnavailable (nobody listens), kTimeout, kTooLarge. HTTP statuses are not errors here.
  [[nodiscard]] Result<HttpAnswer> get(const std::string& target);
  [[nodiscard]] Result<HttpAnswer> post(
      const std::string& target, const std::string& json_body,
      const std::vector<std::pair<std::string, std::string>>& headers = {});
  // Reads a streaming answer; `receive` gets pieces as they come, false ends it (kCancelled). Of an answer
  // that is no success only the status is returned. kUnavailable too when it breaks off.
  [[nodiscard]] Result<int> stream(const std::string& target,
                                   const std::function<bool(std::string_view)>& receive);

 private:
  class Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pawl
