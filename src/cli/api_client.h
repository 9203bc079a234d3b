// The REST API as the commands need it: JSON in and out, and every failure an Error whose kind
// leads to the right exit code. One call at a time.
//
// Error kinds: kUnavailable: nobody answers at that address, or no longer; kTimeout: connected,
// but no answer in time, or 504; kDenied: the socket may not be opened, 401 or 403; kNotFound 404;
// kConflict 409; kTooLarge 413; kExhausted 429 and 503: the agent cannot do it now; kInvalid: any
// other 4xx; kInternal: the rest, or an answer that is no JSON.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/client.h"

namespace pawl::cli {

class ApiClient {
 public:
  // `address`: as HttpClient::make. Connects with the first call.
  [[nodiscard]] static Result<ApiClient> make(const std::string& address);

  // Whether an agent answers there.
  [[nodiscard]] Result<void> probe();
  [[nodiscard]] Result<Json> get(const std::string& target);
  [[nodiscard]] Result<Json> post(
      const std::string& target, const Json& body,
      const std::vector<std::pair<std::string, std::string>>& headers = {});
  // Raw text as it comes. `receive` returns false to end it; that is no error. Of an answer that is
  // no success only the status is known, so ask for what can fail with get() first.
  [[nodiscard]] Result<void> stream(const std::string& target,
                                    const std::function<bool(std::string_view)>& receive);

  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  ApiClient(std::string address, std::unique_ptr<HttpClient> http)
      : address_(std::move(address)), http_(std::move(http)) {}
  [[nodiscard]] Result<Json> read(Result<HttpAnswer> answer) const;
  [[nodiscard]] Error transport_error(const Error& error) const;

  std::string address_;
  std::unique_ptr<HttpClient> http_;
};

// Adds "name=value" to a target, encoded; nothing for an empty value.
[[nodiscard]] std::string with_query(std::string target, std::string_view name,
                                     std::string_view value);

}  // namespace pawl::cli
