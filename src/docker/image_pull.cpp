#include "docker/image_pull.h"

#include <chrono>
#include <utility>

#include "base/log.h"
#include "docker/image_reference.h"
#include "docker/pull_error.h"
#include "docker/pull_progress.h"
#include "docker/registry_credentials.h"
#include "model/limits.h"

namespace pawl {
namespace {

std::int64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

class PullBody : public BodySink {
 public:
  explicit PullBody(const ContainerEngine::Progress& progress) : progress_(progress) {}
  Result<void> take(std::string_view bytes) override { return stream_.feed(bytes, progress_); }
  Result<void> finish() { return stream_.finish(progress_); }

 private:
  const ContainerEngine::Progress& progress_;
  PullProgress stream_{steady_ms};
};

// What to do where the registry wants other credentials than it got.
std::string denied_hint(const RegistryCredentials& credentials, const std::string& file,
                        const std::string& registry) {
  if (!credentials.header.empty()) {
    return "; it was shown the credentials that " + file + " has for " + registry;
  }
  const std::string entry =
      R"({"auths": {")" + registry + R"(": {"auth": "<base64 of user:password>"}}})";
  if (file.empty()) {
    return "; no credentials were given: name a file with " + entry + " as engine.credentials_file";
  }
  if (!credentials.helper.empty()) {
    return "; " + file + " leaves its credentials to the program docker-credential-" +
           escape_control(credentials.helper.substr(0, limits::kNameBytes)) +
           ", and pawl does not run credential helpers: write " + entry + " there";
  }
  return "; " + file + " has no credentials for it: write " + entry + " there";
}

Error pull_error(const Error& error, const RegistryCredentials& credentials,
                 const std::string& file, const std::string& registry) {
  const ErrorKind kind = pull_error_kind(error.kind, error.message);
  std::string message =
      without_secrets(error.message, credentials).substr(0, limits::kEngineMessageBytes) +
      pull_error_hint(error.message, registry);
  if (kind == ErrorKind::kDenied) message += denied_hint(credentials, file, registry);
  return Error{kind, std::move(message), {}};
}

}  // namespace

Result<void> pull_image(EngineClient& client, const std::string& credentials_file,
                        const std::string& image, const ContainerEngine::Progress& progress,
                        const std::stop_token& stop) {
  PAWL_TRY(const ImageReference reference, parse_image_reference(image));
  const std::string registry = registry_of(reference.repository);
  RegistryCredentials credentials;
  if (!credentials_file.empty()) {
    PAWL_TRY(credentials, read_credentials(credentials_file, registry));
  }
  PullBody body(progress);
  HttpRequest request;
  request.method = "POST";
  // Without a tag the engine would pull every tag there is.
  request.target = "/images/create?fromImage=" + percent_encode(reference.repository) +
                   "&tag=" + percent_encode(reference.tag_or_digest);
  request.registry_auth = credentials.header;
  request.idempotent = false;
  request.total_ms = limits::kImagePullMs;
  request.sink = &body;
  const auto answered = client.call(std::move(request), stop);
  const Result<void> pulled = answered ? body.finish() : Result<void>(answered.error());
  if (pulled) return {};
  return pull_error(pulled.error(), credentials, credentials_file, registry);
}

}  // namespace pawl
