// Reads straight from the source's own repository; there is no clone. libgit2's local transport (1.9.0)
// has no shallow fetch, walks and copies the history of *every* ref, not of the one asked for, looks up
// every ref's object at each connect, and fails on all if one of them is broken. Reading the one commit
// in place costs less, copies nothing, has nothing of its own to be damaged, and needs no write access
// at all. Should the repository vanish, the agent still has the last revision's pipelines in its store,
// which is all that a clone could have given.
//
// Somebody may push or repack meanwhile: objects are immutable, libgit2 looks again when a pack is gone,
// and the ref is read once.
#include "git/local_pull.h"

#include "git/libgit2.h"
#include "git/local_repository.h"
#include "git/revision_reader.h"
#include "git/sandbox.h"
#include "git/sandbox_paths.h"
#include "git/stage.h"

namespace pawl {
namespace {

std::string default_branch_of(git_repository* repository) {
  GitReference head;
  if (git_reference_lookup(out(head), repository, "HEAD") != 0) return {};
  GitReference resolved;
  if (git_reference_resolve(out(resolved), head.get()) != 0) return {};
  return git_reference_name(resolved.get());
}

bool has_no_refs(git_repository* repository) {
  GitReferenceIterator iterator;
  if (git_reference_iterator_new(out(iterator), repository) != 0) return false;
  const char* name = nullptr;
  return git_reference_next_name(&name, iterator.get()) == GIT_ITEROVER;
}

Result<git_oid> find_commit(git_repository* repository, const std::string& ref) {
  for (const std::string& name : ref_names(ref)) {
    GitReference reference;
    int code = git_reference_lookup(out(reference), repository, name.c_str());
    if (code == GIT_ENOTFOUND) continue;
    if (code == GIT_EINVALIDSPEC) {
      return Error{ErrorKind::kInvalid, "'" + ref + "' is no name for a ref", {}};
    }
    if (code != 0) return damage_error("cannot read the ref '" + name + "'");
    GitReference resolved;
    code = git_reference_resolve(out(resolved), reference.get());
    if (code == GIT_ENOTFOUND) continue;  // HEAD of an empty repository
    if (code != 0) return damage_error("cannot read the ref '" + name + "'");
    return peel_to_commit(repository, *git_reference_target(resolved.get()));
  }
  return missing_ref_error(ref, default_branch_of(repository), has_no_refs(repository));
}

Result<GitRepository> open_repository(const std::string& path) {
  GitRepository repository;
  const int code = git_repository_open_ext(out(repository), path.c_str(),
                                           GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  if (code == GIT_ENOTFOUND) return Error{ErrorKind::kNotFound, "no Git repository", path};
  if (code != 0) return damage_error("cannot open the repository");
  return repository;
}

Result<PullResult> read(const PullRequest& request, const std::string& repository_path) {
  PAWL_TRY(const std::string path, normal_path(request.source.path));
  PAWL_CHECK(start_libgit2());
  enter_stage(Stage::kRepository, "reading the repository");
  PAWL_TRY(const GitRepository repository, open_repository(repository_path));
  PAWL_TRY(const git_oid commit, find_commit(repository.get(), request.source.ref));
  PullResult result;
  result.revision = hex(commit);
  if (result.revision == request.known_revision) {
    result.unchanged = true;
    return result;
  }
  PAWL_TRY(RevisionFiles found, read_revision(repository.get(), commit, path));
  result.files = std::move(found.files);
  result.problems = std::move(found.problems);
  return result;
}

}  // namespace

Result<PullReply> pull_local(const PullRequest& request, const SourceUrl& url) {
  PAWL_TRY(const std::vector<std::string> paths, repository_paths(url.local_path));
  SandboxPolicy policy;
  policy.read_paths = paths_for_vetting();
  policy.read_paths.insert(policy.read_paths.end(), paths.begin(), paths.end());
  use_no_ca_certificates();
  write_note(enter_sandbox(policy));
  PullReply reply;
  auto result = read(request, url.local_path);
  if (!result && result.error().kind == ErrorKind::kCorrupt) {
    Error error = std::move(result).error();
    error.message += "; run `git fsck` in " + url.local_path;
    return error;
  }
  if (!result) return std::move(result).error();
  reply.result = std::move(*result);
  return reply;
}

}  // namespace pawl
