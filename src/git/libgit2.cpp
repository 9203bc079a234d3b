// Owner validation (git's safe.directory) is off, on purpose. It guards against *somebody else's*
// repository being found by walking up from a working directory, and its configuration then naming
// programs to run. Here the host's own configuration names the repository, which is just what
// safe.directory says; libgit2 runs no hook and no configured program; the process cannot execute one
// anyway; and a root agent reading an operator's repository is the ordinary case.
#include "git/libgit2.h"

#include <array>

#include "base/version.h"

namespace pawl {
namespace {

constexpr std::size_t kWindowBytes = 16u * 1024 * 1024;
constexpr std::size_t kMappedBytes = 64u * 1024 * 1024;
constexpr std::size_t kMappedFiles = 32;
constexpr ssize_t kCacheBytes = ssize_t{4} * 1024 * 1024;

}  // namespace

Result<void> start_libgit2() {
  int code = git_libgit2_init();
  if (code > 0) code = git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, kWindowBytes);
  if (code == 0) code = git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, kMappedBytes);
  if (code == 0) code = git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, kMappedFiles);
  if (code == 0) code = git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, kCacheBytes);
  if (code == 0) code = git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  // A url.insteadOf or http.proxy in somebody's ~/.gitconfig is not this host's configuration.
  constexpr std::array<int, 4> kLevels = {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL,
                                          GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_PROGRAMDATA};
  for (const int level : kLevels) {
    if (code == 0) code = git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
  }
  const std::string agent = std::string("pawl ") + kVersion;
  if (code == 0) code = git_libgit2_opts(GIT_OPT_SET_USER_AGENT, agent.c_str());
  if (code != 0) {
    return Error{ErrorKind::kInternal, "libgit2 does not start: " + last_git_message(), {}};
  }
  return {};
}

int last_git_class() {
  const git_error* error = git_error_last();
  return error == nullptr ? GIT_ERROR_NONE : error->klass;
}

std::string last_git_message() {
  const git_error* error = git_error_last();
  return error == nullptr || error->message == nullptr ? std::string() : error->message;
}

Error damage_error(const std::string& what) {
  if (last_git_class() == GIT_ERROR_NOMEMORY) {
    return Error{ErrorKind::kTooLarge, what + ": it needs more memory than a pull may have", {}};
  }
  return Error{ErrorKind::kCorrupt, what + ": " + last_git_message(), {}};
}

std::string hex(const git_oid& oid) {
  std::array<char, GIT_OID_MAX_HEXSIZE + 1> text{};
  git_oid_tostr(text.data(), text.size(), &oid);
  return text.data();
}

std::vector<std::string> ref_names(const std::string& ref) {
  if (ref == "HEAD" || ref.rfind("refs/", 0) == 0) return {ref};
  return {"refs/heads/" + ref, "refs/tags/" + ref};
}

Result<git_oid> peel_to_commit(git_repository* repository, const git_oid& oid) {
  GitObject object;
  if (git_object_lookup(out(object), repository, &oid, GIT_OBJECT_ANY) != 0) {
    return damage_error("cannot read " + hex(oid));
  }
  GitObject commit;
  const int code = git_object_peel(out(commit), object.get(), GIT_OBJECT_COMMIT);
  if (code == GIT_EPEEL || code == GIT_EINVALIDSPEC) {
    return Error{ErrorKind::kInvalid, "the ref leads to no commit", {}};
  }
  if (code != 0) return damage_error("cannot read what " + hex(oid) + " leads to");
  return *git_object_id(commit.get());
}

Error missing_ref_error(const std::string& ref, const std::string& default_branch, bool is_empty) {
  if (is_empty) {
    return Error{ErrorKind::kNotFound, "the repository is empty: push " + ref + " first", {}};
  }
  std::string message = "the repository has no ref '" + ref + "'";
  if (!default_branch.empty()) message += "; its default branch is '" + default_branch + "'";
  return Error{ErrorKind::kNotFound, std::move(message), {}};
}

}  // namespace pawl
