#include "http/assets.h"

#include <algorithm>

namespace pawl::http {
namespace {

constexpr std::string_view kIndex = "index.html";

// The page loads its own files and talks to its own API; nothing else, and nobody may frame it.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

bool lists_tag(std::string_view if_none_match, std::string_view tag) {
  // Weak comparison (RFC 9110 §13.1.2); our tags have neither commas nor prefixes of each other.
  return if_none_match == "*" || if_none_match.find(tag) != std::string_view::npos;
}

Response serve(const Asset& asset, const Request& request) {
  Response response;
  response.headers = {
      {"ETag", std::string(asset.tag)},
      {"Cache-Control", "no-cache"},
      {"Content-Security-Policy", std::string(kContentSecurityPolicy)},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
  };
  if (lists_tag(request.header("if-none-match"), asset.tag)) {
    response.status = 304;
    return response;
  }
  response.content_type = asset.content_type;
  response.body.assign(reinterpret_cast<const char*>(asset.data), asset.size);
  return response;
}

Result<Response> find_and_serve(std::string_view name, const Request& request) {
  const auto all = assets();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Asset& asset) { return asset.name == name; });
  if (found == all.end()) return Error{ErrorKind::kNotFound, "there is nothing at this path", ""};
  return serve(*found, request);
}

}  // namespace

void add_asset_routes(Router& router) {
  router.add("GET", "/", {Router::kAnyQuery},
             [](const Call& call) { return find_and_serve(kIndex, call.request); });
  router.add("GET", "/assets/{name}", {Router::kAnyQuery},
             [](const Call& call) -> Result<Response> {
               const std::string& name = call.path_parameter("name");
               if (name == kIndex) return Error{ErrorKind::kNotFound, "the page is at /", ""};
               return find_and_serve(name, call.request);
             });
}

}  // namespace pawl::http
