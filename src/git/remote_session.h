// One conversation with an http(s) remote, over libgit2: ask for a ref, then fetch it. Child process.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "git/libgit2.h"
#include "git/source_url.h"

namespace pawl {

struct RemoteAccess {
  SourceUrl url;
  std::string username;
  std::string password;
  std::string password_place;  // for messages: the file, or "the url"
  std::string ca_file;         // empty: the host's
  std::int64_t deadline_ms = 0;
};

// Timeouts and CA certificates, which libgit2 keeps for the whole process. Errors: kDenied (ca_file).
[[nodiscard]] Result<void> configure_remote_access(const RemoteAccess& access);

struct RemoteRef {
  std::string name;  // refs/heads/main, or HEAD
  git_oid oid;       // what it names: a commit or an annotated tag
  git_oid commit;    // the same, or what the tag names
};

class RemoteSession {
 public:
  // Both must outlive the session.
  RemoteSession(git_repository* repository, const RemoteAccess& access)
      : repository_(repository), access_(access) {}

  // Connects and asks for the refs. Errors: kUnavailable, kTimeout, kDenied (credentials, certificate),
  // kNotFound (the ref), kTooLarge.
  [[nodiscard]] Result<RemoteRef> find(const std::string& ref);
  // Receives that ref alone, with no history, into the repository. No local ref changes. Errors: as
  // find(); kCorrupt (the repository's objects, or those received), kExhausted (disk).
  [[nodiscard]] Result<void> fetch(const RemoteRef& ref);

 private:
  static int on_credentials(git_credential** credential, const char* url, const char* username,
                            unsigned int allowed_types, void* session);
  static int on_certificate(git_cert* certificate, int valid, const char* host, void* session);
  static int on_progress(const git_indexer_progress* progress, void* session);

  [[nodiscard]] git_remote_callbacks callbacks();
  [[nodiscard]] Result<RemoteRef> choose(const std::string& ref);
  // The error for a call that failed with `code`. `clone_too`: damage to the clone can be the cause.
  [[nodiscard]] Error failure(int code, bool clone_too) const;
  [[nodiscard]] bool may_have_credentials(const std::string& url) const;

  git_repository* repository_;
  const RemoteAccess& access_;
  GitRemote remote_;
  bool credentials_given_ = false;
  std::optional<Error> callback_error_;  // why a callback of ours refused
  std::chrono::steady_clock::time_point last_progress_;
  unsigned objects_seen_ = 0;
  std::size_t bytes_seen_ = 0;
};

}  // namespace pawl
