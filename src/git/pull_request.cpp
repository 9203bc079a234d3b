#include "git/pull_request.h"

#include "base/json.h"

namespace pawl {

std::string encode_request(const PullRequest& request) {
  Json json = Json::object();
  json.set("name", request.source.name)
      .set("url", request.source.url)
      .set("ref", request.source.ref)
      .set("path", request.source.path)
      .set("username", request.source.username)
      .set("password_file", request.source.password_file)
      .set("ca_file", request.source.ca_file)
      .set("known_revision", request.known_revision)
      .set("cache_directory", request.cache_directory)
      .set("deadline_ms", request.deadline_ms)
      .set("discard_clone", request.discard_clone)
      .set("parent_process", request.parent_process);
  return json.dump();
}

Result<PullRequest> decode_request(std::string_view text) {
  PAWL_TRY(const Json json, Json::parse(text));
  PullRequest request;
  request.source.name = json["name"].as_string();
  request.source.url = json["url"].as_string();
  request.source.ref = json["ref"].as_string();
  request.source.path = json["path"].as_string();
  request.source.username = json["username"].as_string();
  request.source.password_file = json["password_file"].as_string();
  request.source.ca_file = json["ca_file"].as_string();
  request.known_revision = json["known_revision"].as_string();
  request.cache_directory = json["cache_directory"].as_string();
  request.deadline_ms = json["deadline_ms"].as_integer();
  request.discard_clone = json["discard_clone"].as_bool();
  request.parent_process = json["parent_process"].as_integer();
  if (request.source.url.empty() || request.source.ref.empty() || request.deadline_ms <= 0) {
    return Error{ErrorKind::kInvalid, "the pull's request lacks url, ref or deadline_ms", {}};
  }
  return request;
}

}  // namespace pawl
