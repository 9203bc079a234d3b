#include <vector>

#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/source_view.h"
#include "cli/text.h"

namespace pawl::cli {
namespace {

Result<std::vector<std::string>> source_names(const std::string& only, ApiClient& api) {
  if (!only.empty()) return std::vector<std::string>{only};
  PAWL_TRY(const Json answer, api.get("/api/v1/sources"));
  std::vector<std::string> names;
  for (const Json& source : answer["sources"].items()) names.push_back(source["name"].as_string());
  return names;
}

// The source's state as it is now, for a pull that failed: the API then answers with its error
// only.
Result<Json> find_source(const std::string& name, ApiClient& api) {
  PAWL_TRY(const Json answer, api.get("/api/v1/sources"));
  for (const Json& source : answer["sources"].items()) {
    if (source["name"].as_string() == name) return source;
  }
  return Error{ErrorKind::kNotFound, "no source is named '" + name + "'", ""};
}

}  // namespace

Result<ExitCode> execute(const SyncArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  PAWL_TRY(const std::vector<std::string> names, source_names(arguments.source, api));
  Json::Array synced;
  bool broken = false;
  for (const std::string& name : names) {
    const std::string target = "/api/v1/sources/" + url_encode(name) +
                               (arguments.wait ? "/sync?wait=true" : "/sync?wait=false");
    Result<Json> source = api.post(target, Json::object());
    if (!source && arguments.wait && source.error().kind == ErrorKind::kExhausted) {
      broken = true;
      source = find_source(name, api);
    }
    if (!source) return source.error();
    if (arguments.wait && is_broken(*source)) broken = true;
    if (!arguments.wait) context.note("asked for a pull of '" + name + "'");
    synced.push_back(std::move(source).value());
  }
  if (arguments.format != Format::kTable) {
    context.print(Json::object().set("sources", std::move(synced)), arguments.format);
  } else if (arguments.wait) {
    context.out().write(render_sources(synced, context.now(), context.out().color()));
  }
  return broken ? ExitCode::kFailed : ExitCode::kDone;
}

}  // namespace pawl::cli
