// Redirects: libgit2's GIT_REMOTE_REDIRECT_NONE still follows one that stays on the host (http to https,
// another path), and refuses any other. Credentials are only given to the scheme, host and port that the
// host's configuration names, or to its https twin; Landlock closes all other ports on top.
//
// Shallow: depth 1, so a fetch costs one tree and not the history. libgit2 asks for the pack again even
// if the commit is there, once a depth is set; the caller looks first.
//
// No proxies: an agent takes its ways out from its own configuration, which has none yet.
#include "git/remote_session.h"

#include <git2/sys/errors.h>

#include <algorithm>

#include "base/time.h"
#include "git/certificates.h"
#include "git/clone_store.h"
#include "git/stage.h"
#include "model/limits.h"

namespace pawl {
namespace {

// What counts as a sign of life.
constexpr unsigned kProgressObjects = 256;
constexpr std::size_t kProgressBytes = 1024 * 1024;

std::int64_t read_timeout_ms(const RemoteAccess& access) {
  // Before the deadline, so that the reason is said by the one who knows it.
  return std::max<std::int64_t>(
      1, std::min(limits::kPullReadMs, access.deadline_ms - access.deadline_ms / 4));
}

// The classes that speak of a repository's own files and objects.
bool is_damage_class(int klass) {
  switch (klass) {
    case GIT_ERROR_OS:
    case GIT_ERROR_FILESYSTEM:
    case GIT_ERROR_REFERENCE:
    case GIT_ERROR_ZLIB:
    case GIT_ERROR_REPOSITORY:
    case GIT_ERROR_CONFIG:
    case GIT_ERROR_ODB:
    case GIT_ERROR_OBJECT:
    case GIT_ERROR_TAG:
    case GIT_ERROR_TREE:
    case GIT_ERROR_INDEXER:
    case GIT_ERROR_SHA:
    case GIT_ERROR_GRAFTS:
      return true;
    default:
      return false;
  }
}

// libgit2's words, and what to do where they do not say.
std::string with_hint(const std::string& message) {
  constexpr std::string_view kRedirect = "cannot redirect";
  constexpr std::string_view kContentType = "invalid content-type";
  if (message.empty()) return "the remote closed the connection";
  if (message.compare(0, kRedirect.size(), kRedirect) == 0) {
    return message + ": a pull stays on its host; put the new address into the source's url";
  }
  if (message.compare(0, kContentType.size(), kContentType) == 0) {
    return message + ": the address is no repository, or its server does not speak smart HTTP";
  }
  return message;
}

std::string default_branch_of(const git_remote_head* const* heads, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (std::string_view(heads[i]->name) == "HEAD" && heads[i]->symref_target != nullptr) {
      return heads[i]->symref_target;
    }
  }
  return {};
}

}  // namespace

Result<void> configure_remote_access(const RemoteAccess& access) {
  const int connect_ms =
      static_cast<int>(std::min(limits::kPullConnectMs, read_timeout_ms(access)));
  git_libgit2_opts(GIT_OPT_SET_SERVER_CONNECT_TIMEOUT, connect_ms);
  git_libgit2_opts(GIT_OPT_SET_SERVER_TIMEOUT, static_cast<int>(read_timeout_ms(access)));
  if (access.url.scheme != SourceUrl::Scheme::kHttps || access.ca_file.empty()) return {};
  if (git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, access.ca_file.c_str(), nullptr) != 0) {
    return Error{ErrorKind::kDenied,
                 "auth.ca_file '" + access.ca_file +
                     "' cannot be used: it must be a readable PEM file "
                     "of CA certificates (" +
                     last_git_message() + ")",
                 {}};
  }
  return {};
}

git_remote_callbacks RemoteSession::callbacks() {
  git_remote_callbacks callbacks;
  git_remote_init_callbacks(&callbacks, GIT_REMOTE_CALLBACKS_VERSION);
  callbacks.credentials = on_credentials;
  callbacks.certificate_check = on_certificate;
  callbacks.transfer_progress = on_progress;
  callbacks.payload = this;
  return callbacks;
}

Result<RemoteRef> RemoteSession::find(const std::string& ref) {
  if (git_remote_create_anonymous(out(remote_), repository_, access_.url.clean.c_str()) != 0) {
    return Error{ErrorKind::kInvalid, "libgit2 refuses the url: " + last_git_message(), {}};
  }
  git_remote_connect_options options;
  git_remote_connect_options_init(&options, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
  options.callbacks = callbacks();
  options.proxy_opts.type = GIT_PROXY_NONE;
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  last_progress_ = std::chrono::steady_clock::now();
  git_error_clear();
  const int code = git_remote_connect_ext(remote_.get(), GIT_DIRECTION_FETCH, &options);
  if (code != 0) return failure(code, false);
  return choose(ref);
}

Result<RemoteRef> RemoteSession::choose(const std::string& ref) {
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  if (const int code = git_remote_ls(&heads, &count, remote_.get()); code != 0) {
    return failure(code, false);
  }
  const auto find_head = [&](const std::string& name) -> const git_remote_head* {
    for (std::size_t i = 0; i < count; ++i) {
      if (name == heads[i]->name) return heads[i];
    }
    return nullptr;
  };
  for (const std::string& name : ref_names(ref)) {
    const git_remote_head* head = find_head(name);
    if (head == nullptr) continue;
    const git_remote_head* peeled = find_head(name + "^{}");
    return RemoteRef{name, head->oid, peeled == nullptr ? head->oid : peeled->oid};
  }
  return missing_ref_error(ref, default_branch_of(heads, count), count == 0);
}

Result<void> RemoteSession::fetch(const RemoteRef& ref) {
  git_fetch_options options;
  git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
  options.callbacks = callbacks();
  options.proxy_opts.type = GIT_PROXY_NONE;
  options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options.prune = GIT_FETCH_NO_PRUNE;
  options.update_fetchhead = 0;
  options.depth = 1;
  // git_remote_download() updates no ref; the right side is only there to make it a refspec.
  std::string refspec = "+" + ref.name + ":refs/pawl/fetched";
  char* specs[] = {refspec.data()};
  const git_strarray refspecs{specs, 1};
  last_progress_ = std::chrono::steady_clock::now();
  git_error_clear();
  const int code = git_remote_download(remote_.get(), &refspecs, &options);
  if (code != 0) return failure(code, true);
  git_remote_disconnect(remote_.get());
  return {};
}

Error RemoteSession::failure(int code, bool clone_too) const {
  if (callback_error_) return *callback_error_;
  const int klass = last_git_class();
  const std::string message = last_git_message();
  const auto silent = std::chrono::steady_clock::now() - last_progress_;
  const std::int64_t limit_ms = read_timeout_ms(access_);
  // Over TLS libgit2 loses the code of a timeout on its way up.
  if (code == GIT_TIMEOUT || silent >= std::chrono::milliseconds(limit_ms)) {
    return Error{
        ErrorKind::kTimeout, "the remote sent nothing for " + format_duration(limit_ms), {}};
  }
  if (code == GIT_EAUTH)
    return Error{ErrorKind::kDenied, "the remote refuses access: " + message, {}};
  if (code == GIT_ECERTIFICATE) return Error{ErrorKind::kDenied, message, {}};
  if (klass == GIT_ERROR_NOMEMORY) {
    return Error{ErrorKind::kTooLarge, "the repository needs more memory than a pull may have", {}};
  }
  if (clone_too && is_damage_class(klass)) {
    const char* path = git_repository_path(repository_);
    if (is_disk_full(path)) return Error{ErrorKind::kExhausted, "the disk is full", path};
    return Error{ErrorKind::kCorrupt, "objects are damaged: " + message, {}};
  }
  if (klass == GIT_ERROR_SSL) {
    // With no name of the right type in the certificate libgit2 gives up before it asks the callback.
    return Error{ErrorKind::kUnavailable,
                 "TLS fails (" + message +
                     "): does the port speak TLS, and is its certificate for '" + access_.url.host +
                     "'?",
                 {}};
  }
  return Error{ErrorKind::kUnavailable, with_hint(message), {}};
}

bool RemoteSession::may_have_credentials(const std::string& url) const {
  const auto asking = parse_source_url(url);
  if (!asking || asking->host != access_.url.host) return false;
  if (asking->scheme == access_.url.scheme) return asking->port == access_.url.port;
  return asking->scheme == SourceUrl::Scheme::kHttps && asking->port == 443;
}

int RemoteSession::on_credentials(git_credential** credential, const char* url,
                                  const char* /*username*/, unsigned int allowed_types,
                                  void* session) {
  auto& self = *static_cast<RemoteSession*>(session);
  const auto refuse = [&](std::string message) {
    self.callback_error_ = Error{ErrorKind::kDenied, std::move(message), {}};
    return GIT_EAUTH;
  };
  if ((allowed_types & GIT_CREDENTIAL_USERPASS_PLAINTEXT) == 0) {
    return refuse(
        "the remote asks for a way to log in that pawl does not have (it has HTTP Basic)");
  }
  if (!self.may_have_credentials(url == nullptr ? "" : url)) {
    return refuse(
        "the remote redirects to another place, which does not get the password: put its "
        "address into the source's url");
  }
  if (self.access_.password_place.empty()) {
    return refuse(
        "the remote asks for a password (or the repository does not exist): set "
        "auth.username and auth.password_file");
  }
  if (self.credentials_given_) {
    return refuse("the remote refuses the user '" + self.access_.username +
                  "' with the password from " + self.access_.password_place);
  }
  self.credentials_given_ = true;
  return git_credential_userpass_plaintext_new(credential, self.access_.username.c_str(),
                                               self.access_.password.c_str());
}

int RemoteSession::on_certificate(git_cert* certificate, int valid, const char* host,
                                  void* session) {
  auto& self = *static_cast<RemoteSession*>(session);
  if (certificate->cert_type != GIT_CERT_X509) return GIT_ECERTIFICATE;
  const auto* x509 = reinterpret_cast<const git_cert_x509*>(certificate);
  const std::string_view der(static_cast<const char*>(x509->data), x509->len);
  const std::string trusted = self.access_.ca_file.empty()
                                  ? "this host's CA certificates"
                                  : "auth.ca_file '" + self.access_.ca_file + "'";
  std::string problem =
      valid != 0 ? check_certificate_name(der, host) : explain_certificate(der, host, trusted);
  if (problem.empty()) return 0;
  self.callback_error_ = Error{ErrorKind::kDenied, std::move(problem), {}};
  return GIT_ECERTIFICATE;
}

int RemoteSession::on_progress(const git_indexer_progress* progress, void* session) {
  auto& self = *static_cast<RemoteSession*>(session);
  self.last_progress_ = std::chrono::steady_clock::now();
  const unsigned seen = progress->indexed_objects + progress->indexed_deltas;
  if (seen >= self.objects_seen_ + kProgressObjects ||
      progress->received_bytes >= self.bytes_seen_ + kProgressBytes) {
    self.objects_seen_ = seen;
    self.bytes_seen_ = progress->received_bytes;
    note_progress();
  }
  if (progress->received_bytes <= limits::kPullTransferBytes) return 0;
  self.callback_error_ =
      Error{ErrorKind::kTooLarge,
            "more than " + std::to_string(limits::kPullTransferBytes / 1024 / 1024) +
                " MiB to receive: keep pipelines in a repository of their own",
            {}};
  return GIT_EUSER;
}

}  // namespace pawl
