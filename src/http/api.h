// The REST API under /api/v1 and the health routes, one file for each area (api_*.cpp). Routes are
// called by several threads at once.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "http/router.h"
#include "model/host_config.h"
#include "ports/control.h"
#include "ports/store.h"

namespace pawl::http {

// What the routes work on; outlives the router.
struct Api {
  Control& control;
  const StoreReader& store;
  HostConfig host;
  std::atomic<std::size_t> waiting_pulls{0};
};

void add_status_routes(Router& router, Api& api);    // /healthz /readyz /api/v1/status
void add_pipeline_routes(Router& router, Api& api);  // and the start of runs
void add_run_routes(Router& router, Api& api);
void add_log_routes(Router& router, Api& api);
void add_schedule_routes(Router& router, Api& api);
void add_source_routes(Router& router, Api& api);
void add_event_routes(Router& router, Api& api);  // events.cpp

// --- shared by the areas (api.cpp) ---

// A POST route: 415 unless the body is declared to be JSON; 400 unless it is one object with no members
// but `known_members`. No body at all stands for {}.
using PostHandler = std::function<Result<Response>(const Call& call, const Json& body)>;
void add_post(Router& router, std::string_view pattern, std::vector<std::string_view> known_query,
              std::vector<std::string_view> known_members, PostHandler handler);

// Who asks, for the record: "local", or "uid 1000" on the unix socket.
[[nodiscard]] std::string actor_of(const Request& request);

// kNotFound, also for text that can be no run's id.
[[nodiscard]] Result<RunId> parse_run_id(const std::string& text);

[[nodiscard]] PipelinePtr find_pipeline(const AgentSnapshot& snapshot, std::string_view name);

// Nothing when it is not suspended. Into `snapshot`.
[[nodiscard]] const Suspension* find_suspension(const AgentSnapshot& snapshot,
                                                const std::string& pipeline);

// Of the Idempotency-Key header; empty without one. kInvalid.
[[nodiscard]] Result<std::string> idempotency_key(const Request& request);
// 202 for a run that was asked for.
[[nodiscard]] Response accepted_response(const AcceptedRun& accepted);

// The newest run of a pipeline; nothing when it has had none.
[[nodiscard]] Result<std::optional<Run>> last_run(const StoreReader& store,
                                                  const std::string& pipeline);

}  // namespace pawl::http
