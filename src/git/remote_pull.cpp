// The clone is a cache: it saves receiving what is there already, and nothing else depends on it. So it
// is never repaired. Whatever looks like damage makes a new clone beside it, which takes its place by a
// rename once it is complete; until then the old one stays, since the "damage" may be the remote's.
//
// A poll of an unchanged ref ends after the remote's list of refs. It still reads the pipeline files (a
// bounded part of them) from the clone, so that damage shows at the next poll and not at the next push.
#include "git/remote_pull.h"

#include <filesystem>

#include "base/file.h"
#include "git/clone_store.h"
#include "git/libgit2.h"
#include "git/remote_session.h"
#include "git/revision_reader.h"
#include "git/sandbox.h"
#include "git/sandbox_paths.h"
#include "git/stage.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr const char* kCurrentRef = "refs/pawl/current";
// Never born, and never asked for. It has one value, so that damage to it shows.
constexpr const char* kHeadTarget = "refs/heads/pawl";
constexpr const char* kDefaultUser = "git";

Result<GitRepository> make_repository(const std::string& path) {
  git_repository_init_options options;
  git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
  options.flags =
      GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT | GIT_REPOSITORY_INIT_MKDIR;
  options.initial_head = kHeadTarget;
  GitRepository repository;
  if (git_repository_init_ext(out(repository), path.c_str(), &options) == 0) return repository;
  if (is_disk_full(std::filesystem::path(path).parent_path())) {
    return Error{ErrorKind::kExhausted, "the disk is full", path};
  }
  return Error{ErrorKind::kUnavailable, "cannot make a clone: " + last_git_message(), path};
}

Result<GitRepository> open_clone(const std::string& path) {
  GitRepository repository;
  const int code =
      git_repository_open_ext(out(repository), path.c_str(),
                              GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, nullptr);
  if (code != 0) return damage_error("cannot open the clone");
  return repository;
}

bool has_object(git_repository* repository, const git_oid& oid) {
  GitOdb odb;
  if (git_repository_odb(out(odb), repository) != 0) return false;
  return git_odb_exists(odb.get(), &oid) == 1;
}

// HEAD, packed-refs and every ref file can be read, and so can the commits they name. A fetch starts with
// these, and would spin on a torn one for longer than this stage is allowed to.
Result<void> verify_refs(git_repository* repository) {
  GitReference head;
  if (git_reference_lookup(out(head), repository, "HEAD") != 0) {
    return damage_error("cannot read the clone's HEAD");
  }
  const char* target = git_reference_symbolic_target(head.get());
  if (target == nullptr || std::string_view(target) != kHeadTarget) {
    return Error{ErrorKind::kCorrupt, "the clone's HEAD is not what it was made with", {}};
  }
  GitReferenceIterator iterator;
  int code = git_reference_iterator_new(out(iterator), repository);
  bool has_current = false;
  while (code == 0) {
    GitReference reference;
    code = git_reference_next(out(reference), iterator.get());
    if (code != 0) break;
    const git_oid* named = git_reference_target(reference.get());
    GitCommit commit;
    if (named == nullptr || git_commit_lookup(out(commit), repository, named) != 0) {
      return damage_error("cannot read what a ref of the clone names");
    }
    // With a sound list of shallow commits there is no parent here that is missing.
    for (unsigned i = 0; i < git_commit_parentcount(commit.get()); ++i) {
      if (!has_object(repository, *git_commit_parent_id(commit.get(), i))) {
        return Error{ErrorKind::kCorrupt, "the clone's list of shallow commits is wrong", {}};
      }
    }
    has_current =
        has_current || std::string_view(git_reference_name(reference.get())) == kCurrentRef;
  }
  if (code != GIT_ITEROVER) return damage_error("cannot read the clone's refs");
  if (!has_current) return Error{ErrorKind::kCorrupt, "the clone lacks its ref", {}};
  return {};
}

class RemotePull {
 public:
  RemotePull(const PullRequest& request, const RemoteAccess& access, const CloneStore& store,
             std::string path)
      : request_(request), access_(access), store_(store), path_(std::move(path)) {}

  Result<PullReply> run() {
    const bool fresh = request_.discard_clone || !store_.has_repository();
    auto result = fresh ? pull_fresh() : pull_into_clone();
    if (!result && !fresh && result.error().kind == ErrorKind::kCorrupt) {
      write_note("the clone is damaged (" + result.error().message + "); making a new one");
      result = pull_fresh();
    }
    PullReply reply;
    reply.clone_sound = clone_sound_;
    if (result) {
      reply.result = std::move(*result);
    } else {
      reply.failed = true;
      reply.error = std::move(result).error();
    }
    return reply;
  }

 private:
  Result<PullResult> pull_into_clone() {
    enter_stage(Stage::kClone, "opening the clone");
    PAWL_TRY(const GitRepository repository, open_clone(store_.repository()));
    PAWL_CHECK(verify_refs(repository.get()));
    enter_stage(Stage::kRemote, "asking the remote for its refs");
    RemoteSession session(repository.get(), access_);
    PAWL_TRY(const RemoteRef ref, session.find(request_.source.ref));
    enter_stage(Stage::kClone, "reading the clone");
    const bool is_here = has_object(repository.get(), ref.oid);
    if (is_here && hex(ref.commit) == request_.known_revision) {
      return confirm_unchanged(repository.get(), ref);
    }
    if (!is_here) {
      if (store_.packs() >= limits::kClonePacks) return pull_fresh();
      enter_stage(Stage::kFetch, "receiving objects");
      PAWL_CHECK(session.fetch(ref));
    }
    return read(repository.get(), ref);
  }

  Result<PullResult> confirm_unchanged(git_repository* repository, const RemoteRef& ref) {
    PAWL_CHECK(verify_revision(repository, ref.commit, path_));
    clone_sound_ = true;
    PullResult result;
    result.revision = request_.known_revision;
    result.unchanged = true;
    return result;
  }

  Result<PullResult> pull_fresh() {
    auto result = pull_into(store_.new_path());
    if (!result) {
      enter_stage(Stage::kStart, "removing what was received");
      store_.remove_leftovers();
    }
    return result;
  }

  Result<PullResult> pull_into(const std::string& path) {
    enter_stage(Stage::kClone, "making a clone");
    PAWL_TRY(const GitRepository repository, make_repository(path));
    enter_stage(Stage::kRemote, "asking the remote for its refs");
    RemoteSession session(repository.get(), access_);
    PAWL_TRY(const RemoteRef ref, session.find(request_.source.ref));
    enter_stage(Stage::kFetch, "receiving objects");
    PAWL_CHECK(session.fetch(ref));
    auto result = read(repository.get(), ref);
    // A clone whose revision lacks the path, or has too much in it, is sound all the same, and saves
    // receiving that revision at every poll.
    if (!result && result.error().kind == ErrorKind::kCorrupt) return result;
    enter_stage(Stage::kClone, "replacing the clone");
    clone_sound_ = false;
    PAWL_CHECK(store_.replace_with(path));
    clone_sound_ = true;
    enter_stage(Stage::kStart, "removing the old clone");
    store_.remove_leftovers();
    return result;
  }

  Result<PullResult> read(git_repository* repository, const RemoteRef& ref) {
    enter_stage(Stage::kClone, "reading the clone");
    PAWL_TRY(const git_oid commit, peel_to_commit(repository, ref.oid));
    auto found = read_revision(repository, commit, path_);
    if (!found && found.error().kind == ErrorKind::kCorrupt) return std::move(found).error();
    // What the next fetch tells the remote that it need not send.
    GitReference current;
    if (git_reference_create(out(current), repository, kCurrentRef, &commit, 1, nullptr) != 0) {
      return damage_error("cannot write the clone's ref");
    }
    clone_sound_ = true;
    if (!found) return std::move(found).error();
    PullResult result;
    result.revision = hex(commit);
    result.files = std::move(found->files);
    result.problems = std::move(found->problems);
    return result;
  }

  const PullRequest& request_;
  const RemoteAccess& access_;
  const CloneStore& store_;
  const std::string path_;
  bool clone_sound_ = false;
};

// The host's configuration wins over what the url says.
Result<RemoteAccess> make_access(const PullRequest& request, const SourceUrl& url) {
  RemoteAccess access;
  access.url = url;
  access.ca_file = request.source.ca_file;
  access.deadline_ms = request.deadline_ms;
  access.username = request.source.username.empty() ? url.username : request.source.username;
  if (access.username.empty()) access.username = kDefaultUser;
  if (!request.source.password_file.empty()) {
    PAWL_TRY(access.password, read_file(request.source.password_file, limits::kSecretBytes));
    while (!access.password.empty() &&
           (access.password.back() == '\n' || access.password.back() == '\r')) {
      access.password.pop_back();
    }
    access.password_place = request.source.password_file;
    if (access.password.empty()) {
      return Error{ErrorKind::kDenied, "auth.password_file is empty", access.password_place};
    }
  } else if (!url.password.empty() || !url.username.empty()) {
    access.password = url.password;
    access.password_place = "the url";
  }
  return access;
}

Result<CaLocation> choose_certificates(const RemoteAccess& access) {
  if (access.url.scheme != SourceUrl::Scheme::kHttps) return CaLocation{};
  if (!access.ca_file.empty()) return CaLocation{access.ca_file, {}};
  return find_ca_certificates();
}

SandboxPolicy make_policy(const RemoteAccess& access, const CaLocation& certificates,
                          const CloneStore& store) {
  SandboxPolicy policy;
  policy.read_paths = paths_for_vetting();
  for (const auto& paths : {paths_for_network(), paths_for_certificates(certificates)}) {
    policy.read_paths.insert(policy.read_paths.end(), paths.begin(), paths.end());
  }
  policy.write_paths = {store.folder()};
  policy.network = true;
  policy.connect_ports = {access.url.port};
  // The redirect that is allowed: to https on the same host.
  if (access.url.scheme == SourceUrl::Scheme::kHttp) policy.connect_ports.push_back(443);
  return policy;
}

}  // namespace

Result<PullReply> pull_remote(const PullRequest& request, const SourceUrl& url) {
  PAWL_TRY(std::string path, normal_path(request.source.path));
  PAWL_TRY(const RemoteAccess access, make_access(request, url));
  PAWL_TRY(const CaLocation certificates, choose_certificates(access));
  enter_stage(Stage::kStart, "preparing the clone's directory");
  PAWL_TRY(const CloneStore store,
           CloneStore::open(request.cache_directory, request.source.name, url.clean));
  // An auth.ca_file is loaded by libgit2's own call, which says when it cannot.
  use_ca_certificates(access.ca_file.empty() ? certificates : CaLocation{});
  write_note(enter_sandbox(make_policy(access, certificates, store)));
  PAWL_CHECK(start_libgit2());
  PAWL_CHECK(configure_remote_access(access));
  return RemotePull(request, access, store, std::move(path)).run();
}

}  // namespace pawl
