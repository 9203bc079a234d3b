// libgit2's handles as values, and its last error as ours. Only the pull child's own files include this;
// libgit2 never runs in the agent's process.
#pragma once

#include <git2.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace pawl {

template <typename T, void (*kFree)(T*)>
struct FreeWith {
  void operator()(T* handle) const { kFree(handle); }
};
template <typename T, void (*kFree)(T*)>
using GitHandle = std::unique_ptr<T, FreeWith<T, kFree>>;

using GitRepository = GitHandle<git_repository, git_repository_free>;
using GitReference = GitHandle<git_reference, git_reference_free>;
using GitReferenceIterator = GitHandle<git_reference_iterator, git_reference_iterator_free>;
using GitObject = GitHandle<git_object, git_object_free>;
using GitCommit = GitHandle<git_commit, git_commit_free>;
using GitTree = GitHandle<git_tree, git_tree_free>;
using GitBlob = GitHandle<git_blob, git_blob_free>;
using GitOdb = GitHandle<git_odb, git_odb_free>;
using GitRemote = GitHandle<git_remote, git_remote_free>;

// `T* raw; code = f(&raw, ...)` for a handle: `f(out(handle), ...)`. The handle is filled at the end of the
// full expression, so use it in a later statement only.
template <typename Handle>
class OutHandle {
 public:
  explicit OutHandle(Handle& handle) : handle_(handle) {}
  OutHandle(const OutHandle&) = delete;
  OutHandle& operator=(const OutHandle&) = delete;
  ~OutHandle() { handle_.reset(raw_); }
  operator typename Handle::pointer *() { return &raw_; }

 private:
  Handle& handle_;
  typename Handle::pointer raw_ = nullptr;
};
template <typename Handle>
[[nodiscard]] OutHandle<Handle> out(Handle& handle) {
  return OutHandle<Handle>(handle);
}

// Sets up libgit2 for this process: small caches, no configuration but a repository's own, no owner
// check (see libgit2.cpp). Errors: kInternal.
[[nodiscard]] Result<void> start_libgit2();

// The class and message of libgit2's last error; "" without one.
[[nodiscard]] int last_git_class();
[[nodiscard]] std::string last_git_message();

// The last error while reading a repository on this host: kTooLarge when memory ran out, else kCorrupt.
[[nodiscard]] Error damage_error(const std::string& what);

[[nodiscard]] std::string hex(const git_oid& oid);

// The full names that a configured ref may mean: itself when it is HEAD or begins with refs/, else a
// branch, then a tag.
[[nodiscard]] std::vector<std::string> ref_names(const std::string& ref);

// The commit an object leads to. Errors: kInvalid (to none), kCorrupt.
[[nodiscard]] Result<git_oid> peel_to_commit(git_repository* repository, const git_oid& oid);

// kNotFound, saying what there is instead. `default_branch` may be empty.
[[nodiscard]] Error missing_ref_error(const std::string& ref, const std::string& default_branch,
                                      bool is_empty);

}  // namespace pawl
