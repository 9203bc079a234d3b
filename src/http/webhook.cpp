#include "http/webhook.h"

#include <algorithm>

#include "http/guard.h"
#include "model/limits.h"

namespace pawl::http {

std::optional<Sha256> claimed_digest(const std::vector<std::string_view>& values) {
  constexpr std::string_view kScheme = "sha256=";
  if (values.size() != 1 || !values.front().starts_with(kScheme)) return std::nullopt;
  return parse_sha256_hex(values.front().substr(kScheme.size()));
}

bool is_signed_by(std::string_view secret, std::string_view body, const Sha256& claimed) {
  if (secret.empty()) return false;
  return digests_equal(hmac_sha256(secret, body), claimed);
}

bool is_webhook_content_type(std::string_view content_type) {
  const std::string type = media_type(content_type);
  if (type == "application/json" || type == "application/x-www-form-urlencoded") return true;
  return type.starts_with("application/") && type.ends_with("+json");
}

Result<std::string> delivery_id(const Request& request) {
  for (std::string_view name : {"x-github-delivery", "webhook-id", "x-delivery-id"}) {
    const std::vector<std::string_view> values = request.header_values(name);
    if (values.empty()) continue;
    const std::string_view id = values.front();
    const bool is_visible =
        std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (values.size() > 1 || id.empty() || id.size() > limits::kDeliveryIdBytes || !is_visible) {
      return Error{ErrorKind::kInvalid,
                   "the " + std::string(name) + " header takes one value of 1 to " +
                       std::to_string(limits::kDeliveryIdBytes) +
                       " visible ASCII characters without spaces",
                   ""};
    }
    return std::string(id);
  }
  return std::string();
}

}  // namespace pawl::http
