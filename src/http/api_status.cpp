#include "http/api.h"
#include "http/json_views.h"

namespace pawl::http {

void add_status_routes(Router& router, Api& api) {
  router.add("GET", "/healthz", {},
             [](const Call&) -> Result<Response> { return text_response("ok\n"); });
  router.add("GET", "/readyz", {}, [&api](const Call&) -> Result<Response> {
    if (api.control.snapshot()->ready) return text_response("ok\n");
    return Error{ErrorKind::kUnavailable, "not ready yet: recovery is under way", ""};
  });
  router.add("GET", "/api/v1/status", {}, [&api](const Call&) -> Result<Response> {
    return json_response(status_json(*api.control.snapshot()));
  });
}

}  // namespace pawl::http
