// Which handler answers which path and method. Paths are split first and decoded after, so that an
// encoded slash is part of a parameter and no separator.
//
// add() before serving; route() by any thread then.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "http/target.h"

namespace pawl::http {

// One request on its way to its handler.
struct Call {
  const Request& request;
  std::vector<std::pair<std::string_view, std::string>> path_parameters;
  QueryParameters query;

  // A parameter of the route's pattern; it is always there.
  [[nodiscard]] const std::string& path_parameter(std::string_view name) const;
  // A query parameter, or nullptr.
  [[nodiscard]] const std::string* query_parameter(std::string_view name) const;
};

class Router {
 public:
  // An error becomes application/problem+json with the status that fits its kind.
  using Handler = std::function<Result<Response>(const Call&)>;

  // `pattern`: "/api/v1/runs/{id}"; a last segment "{path...}" takes the rest, slashes included. A GET
  // route answers HEAD as well. `known_query`: the names allowed in the query; others are refused,
  // unless kAnyQuery is among them: then the query is not even looked at.
  static constexpr std::string_view kAnyQuery = "*";
  void add(std::string_view method, std::string_view pattern,
           std::vector<std::string_view> known_query, Handler handler);

  // 404 for an unknown path, 405 with Allow for a known one with another method.
  [[nodiscard]] Response route(const Request& request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    std::vector<std::string_view> known_query;
    Handler handler;
  };

  [[nodiscard]] static bool matches(const Route& route, const std::vector<std::string>& segments,
                                    Call& call);
  [[nodiscard]] static Result<Response> answer(const Route& route, Call& call);

  std::vector<Route> routes_;
};

}  // namespace pawl::http
