// What keeps web pages of strangers from talking to a listener on loopback (auth mode `local`): the
// Host header must be ours (against DNS rebinding), a POST must carry JSON (which no cross-site form
// can send without asking first), and an Origin, where there is one, must be the Host. And what of a
// request's head two readers could take in two ways, since cpp-httplib takes it in one. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace pawl::http {

// "localhost", any loopback address, or `listen_host` (the host part of the configured address; where
// that is the unspecified address, the one that was connected to). Any port: tunnels change it.
[[nodiscard]] bool is_allowed_host(std::string_view host_header, std::string_view listen_host,
                                   std::string_view local_address);

// "http://HOST" or "https://HOST" for that very Host header, port included.
[[nodiscard]] bool is_same_origin(std::string_view origin, std::string_view host_header);

// "application/json", with or without parameters.
[[nodiscard]] bool is_json(std::string_view content_type);
// The type alone, in lower case: "Application/JSON; charset=utf-8" → "application/json".
[[nodiscard]] std::string media_type(std::string_view content_type);

// The answer to a head (`request` without its body) that is ambiguous or asks for too much; nothing
// when its body may be read: a repeated or missing Host, lengths and codings that are repeated,
// beside each other or malformed, a target that is no absolute path, a body over the bound.
[[nodiscard]] std::optional<Response> check_head(const Request& request,
                                                 std::size_t max_body_bytes);

// The answer to a request that may not go on; nothing when it may.
[[nodiscard]] std::optional<Response> guard_request(const Request& request,
                                                    std::string_view listen_host);

}  // namespace pawl::http
