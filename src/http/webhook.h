// Webhook rules that need neither sockets nor the agent: the signature, and who sent what. Pure; any
// thread.
//
// X-Hub-Signature-256 (GitHub, "Validating webhook deliveries"): "sha256=" and the 64 hex digits of
// HMAC-SHA256 over the body's raw bytes. Checked before anything looks into the body; digests are
// compared decoded and in constant time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "http/message.h"

namespace pawl::http {

// The digest that the header's values claim. Nothing when the header is missing, repeated, empty,
// "sha1=...", or not exactly 64 hex digits after "sha256=".
[[nodiscard]] std::optional<Sha256> claimed_digest(const std::vector<std::string_view>& values);

// Whether `secret` signed `body`. An empty secret signs nothing.
[[nodiscard]] bool is_signed_by(std::string_view secret, std::string_view body,
                                const Sha256& claimed);

// Who sends webhooks: JSON ("application/json", "application/vnd.x+json") or an HTML form's encoding.
[[nodiscard]] bool is_webhook_content_type(std::string_view content_type);

// X-GitHub-Delivery, else webhook-id, else X-Delivery-Id; "" where there is none. It is not signed.
// kInvalid: repeated, over limits::kDeliveryIdBytes, or with other than visible ASCII characters.
[[nodiscard]] Result<std::string> delivery_id(const Request& request);

}  // namespace pawl::http
