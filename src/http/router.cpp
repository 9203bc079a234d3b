#include "http/router.h"

#include <algorithm>
#include <set>

namespace pawl::http {
namespace {

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }
bool is_rest(std::string_view segment) { return segment.ends_with("...}"); }

std::string_view parameter_name(std::string_view segment) {
  return segment.substr(1, segment.size() - (is_rest(segment) ? 5 : 2));
}

Result<void> check_query(const std::vector<std::string_view>& known, const QueryParameters& given) {
  for (const auto& [name, value] : given) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string message = "unknown query parameter '" + name + "'";
    if (known.empty()) return Error{ErrorKind::kInvalid, message + "; there are none here", ""};
    message += "; known are:";
    for (std::string_view word : known) message.append(" ").append(word);
    return Error{ErrorKind::kInvalid, message, ""};
  }
  return {};
}

}  // namespace

const std::string& Call::path_parameter(std::string_view name) const {
  for (const auto& [known, value] : path_parameters) {
    if (known == name) return value;
  }
  PAWL_ASSERT(!"the route's pattern has no such parameter");
  return path_parameters.front().second;
}

const std::string* Call::query_parameter(std::string_view name) const {
  for (const auto& [known, value] : query) {
    if (known == name) return &value;
  }
  return nullptr;
}

void Router::add(std::string_view method, std::string_view pattern,
                 std::vector<std::string_view> known_query, Handler handler) {
  Route route;
  route.method = method;
  std::string_view rest = pattern.substr(1);
  while (true) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    route.segments.emplace_back(rest.substr(0, end));
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  route.known_query = std::move(known_query);
  route.handler = std::move(handler);
  routes_.push_back(std::move(route));
}

bool Router::matches(const Route& route, const std::vector<std::string>& segments, Call& call) {
  call.path_parameters.clear();
  for (std::size_t i = 0; i < route.segments.size(); ++i) {
    const std::string& wanted = route.segments[i];
    if (i >= segments.size()) return false;
    if (is_rest(wanted)) {
      std::string rest = segments[i];
      for (std::size_t k = i + 1; k < segments.size(); ++k) rest += "/" + segments[k];
      if (rest.empty()) return false;
      call.path_parameters.emplace_back(parameter_name(wanted), std::move(rest));
      return true;
    }
    if (is_parameter(wanted)) {
      if (segments[i].empty()) return false;
      call.path_parameters.emplace_back(parameter_name(wanted), segments[i]);
    } else if (wanted != segments[i]) {
      return false;
    }
  }
  return segments.size() == route.segments.size();
}

Result<Response> Router::answer(const Route& route, Call& call) {
  const auto& known = route.known_query;
  if (std::find(known.begin(), known.end(), kAnyQuery) == known.end()) {
    PAWL_TRY(call.query, parse_query(call.request.query));
    PAWL_CHECK(check_query(known, call.query));
  }
  return route.handler(call);
}

Response Router::route(const Request& request) const {
  const Result<std::vector<std::string>> segments = split_path(request.path);
  if (!segments) return problem(segments.error());
  const std::string_view method =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::set<std::string> allowed;
  for (const Route& route : routes_) {
    Call call{request, {}, {}};
    if (!matches(route, *segments, call)) continue;
    if (route.method == method) {
      Result<Response> response = answer(route, call);
      if (!response) return problem(response.error());
      return std::move(response).value();
    }
    allowed.insert(route.method);
    if (route.method == "GET") allowed.insert("HEAD");
  }
  if (allowed.empty()) return problem(404, "there is nothing at this path");
  std::string list;
  for (const std::string& word : allowed) list.append(list.empty() ? "" : ", ").append(word);
  Response response = problem(405, "this path takes " + list);
  response.headers.push_back({"Allow", list});
  return response;
}

}  // namespace pawl::http
