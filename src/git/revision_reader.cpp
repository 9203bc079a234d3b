// libgit2 checks each object's hash as it reads it, so what comes out is what the commit names. An object
// that is missing is damage here: nothing is asked for that the commit does not name.
//
// A tree can name the same subtree many times over, and so be far larger than its objects: the bounds
// count entries visited, not objects.
#include "git/revision_reader.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "git/bundle.h"
#include "git/stage.h"
#include "model/limits.h"

namespace pawl {
namespace {

bool is_pipeline_name(std::string_view name) {
  for (const std::string_view suffix : {".yaml", ".yml"}) {
    if (name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix)
      return true;
  }
  return false;
}

// Names that would look like something else wherever they are shown.
bool is_presentable(std::string_view path) {
  std::string text(path);
  text.erase(std::remove(text.begin(), text.end(), '\\'), text.end());
  return is_plain_relative_path(path) && escape_control(text) == text;
}

std::string bytes_text(std::size_t bytes) { return std::to_string(bytes / 1024) + " KiB"; }

class RevisionReader {
 public:
  // `verify_only` keeps nothing and stops at limits::kSourceVerifyBytes.
  RevisionReader(git_repository* repository, bool verify_only)
      : repository_(repository), verify_only_(verify_only) {}

  Result<RevisionFiles> read(const git_oid& commit_id, const std::string& path) {
    if (git_repository_odb(out(odb_), repository_) != 0) return damage_error("cannot open objects");
    GitCommit commit;
    if (git_commit_lookup(out(commit), repository_, &commit_id) != 0) {
      return damage_error("cannot read the commit " + hex(commit_id));
    }
    PAWL_TRY(const git_oid tree, find_directory(*git_commit_tree_id(commit.get()), path));
    PAWL_CHECK(walk(tree, "", 0));
    sort();
    return std::move(found_);
  }

 private:
  Result<GitTree> read_tree(const git_oid& id, const std::string& path) {
    note_progress();
    GitTree tree;
    if (git_tree_lookup(out(tree), repository_, &id) != 0) {
      return damage_error("cannot read the directory '" + path + "'");
    }
    return tree;
  }

  Result<git_oid> find_directory(const git_oid& root, const std::string& path) {
    git_oid id = root;
    std::size_t begin = 0;
    while (begin < path.size()) {
      const std::size_t end = std::min(path.find('/', begin), path.size());
      const std::string part = path.substr(begin, end - begin);
      PAWL_TRY(const GitTree tree, read_tree(id, path.substr(0, begin)));
      const git_tree_entry* entry = git_tree_entry_byname(tree.get(), part.c_str());
      if (entry == nullptr || git_tree_entry_type(entry) != GIT_OBJECT_TREE) {
        return Error{ErrorKind::kNotFound,
                     "the revision has no directory '" + path.substr(0, end) + "'",
                     {}};
      }
      id = *git_tree_entry_id(entry);
      begin = end + 1;
    }
    return id;
  }

  // Recursion is bounded by kSourceTreeDepth.
  Result<void> walk(const git_oid& id, const std::string& prefix, std::size_t depth) {
    PAWL_TRY(const GitTree tree, read_tree(id, prefix));
    const std::size_t count = git_tree_entrycount(tree.get());
    for (std::size_t i = 0; i < count && !enough_; ++i) {
      ++entries_;
      if (verify_only_ && entries_ > limits::kSourceVerifyEntries) enough_ = true;
      if (entries_ > limits::kSourceTreeEntries) {
        return Error{ErrorKind::kTooLarge,
                     "more than " + std::to_string(limits::kSourceTreeEntries) +
                         " entries to look through: set the source's path to a smaller directory",
                     {}};
      }
      PAWL_CHECK(visit(*git_tree_entry_byindex(tree.get(), i), prefix, depth));
    }
    return {};
  }

  Result<void> visit(const git_tree_entry& entry, const std::string& prefix, std::size_t depth) {
    const std::string name = git_tree_entry_name(&entry);
    if (name.empty() || name.front() == '.') return {};
    const std::string path = prefix + name;
    const git_filemode_t mode = git_tree_entry_filemode(&entry);
    if (mode == GIT_FILEMODE_TREE) {
      if (path.size() > limits::kSourcePathBytes) {
        add_problem(path, "its path is too long; the directory is not read");
      } else if (depth >= limits::kSourceTreeDepth) {
        add_problem(path, "directories are nested too deep; it is not read");
      } else {
        return walk(*git_tree_entry_id(&entry), path + "/", depth + 1);
      }
      return {};
    }
    if (!is_pipeline_name(name)) return {};
    if (!is_presentable(path)) {
      add_problem(path, "its path is too long or has characters that cannot be shown: rename it");
    } else if (mode == GIT_FILEMODE_LINK) {
      add_problem(path, "is a symbolic link; pipeline files are regular files");
    } else if (mode == GIT_FILEMODE_COMMIT) {
      add_problem(path, "is a submodule; pipeline files are regular files");
    } else {
      return read_file(*git_tree_entry_id(&entry), path);
    }
    return {};
  }

  Result<void> read_file(const git_oid& id, const std::string& path) {
    note_progress();
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    if (git_odb_read_header(&size, &type, odb_.get(), &id) != 0) {
      return damage_error("cannot read '" + path + "'");
    }
    if (size > limits::kPipelineFileBytes) {
      add_problem(path, "has " + bytes_text(size) + "; a pipeline file may have " +
                            bytes_text(limits::kPipelineFileBytes));
      return {};
    }
    GitBlob blob;
    if (git_blob_lookup(out(blob), repository_, &id) != 0) {
      return damage_error("cannot read '" + path + "'");
    }
    bytes_ += size;
    if (verify_only_) {
      enough_ = bytes_ > limits::kSourceVerifyBytes;
      return {};
    }
    if (found_.files.size() >= limits::kSourceFiles || bytes_ > limits::kSourceBytes) {
      // Not a part of them: a pipeline that is left out would look as if it had been deleted.
      return Error{ErrorKind::kTooLarge,
                   "more than " + std::to_string(limits::kSourceFiles) + " pipeline files or " +
                       bytes_text(limits::kSourceBytes) + ": split them over several sources",
                   {}};
    }
    const auto* content = static_cast<const char*>(git_blob_rawcontent(blob.get()));
    found_.files.push_back(PulledFile{path, std::string(content, git_blob_rawsize(blob.get()))});
    return {};
  }

  void add_problem(const std::string& path, std::string message) {
    if (found_.problems.size() >= limits::kSourceProblems) return;
    const std::string shown = path.substr(0, limits::kSourcePathBytes);
    found_.problems.push_back(Problem{shown, 0, 0, std::move(message)});
  }

  // Git sorts a directory as if its name ended in a slash; and a forged tree may name a file twice.
  void sort() {
    const auto by_path = [](const PulledFile& a, const PulledFile& b) { return a.path < b.path; };
    std::stable_sort(found_.files.begin(), found_.files.end(), by_path);
    const auto same = [](const PulledFile& a, const PulledFile& b) { return a.path == b.path; };
    for (std::size_t i = 1; i < found_.files.size(); ++i) {
      if (!same(found_.files[i - 1], found_.files[i])) continue;
      add_problem(found_.files[i].path, "is named twice by its directory; the first is taken");
    }
    found_.files.erase(std::unique(found_.files.begin(), found_.files.end(), same),
                       found_.files.end());
    std::stable_sort(found_.problems.begin(), found_.problems.end(),
                     [](const Problem& a, const Problem& b) { return a.file < b.file; });
  }

  git_repository* repository_;
  const bool verify_only_;
  GitOdb odb_;
  RevisionFiles found_;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
  bool enough_ = false;
};

}  // namespace

Result<std::string> normal_path(const std::string& path) {
  std::string normal;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      return Error{ErrorKind::kInvalid, "the source's path '" + path + "' leads out of it", {}};
    }
    normal += (normal.empty() ? "" : "/") + part;
  }
  return normal;
}

Result<RevisionFiles> read_revision(git_repository* repository, const git_oid& commit,
                                    const std::string& path) {
  return RevisionReader(repository, false).read(commit, path);
}

Result<void> verify_revision(git_repository* repository, const git_oid& commit,
                             const std::string& path) {
  auto read = RevisionReader(repository, true).read(commit, path);
  // A path that is gone, or too much of it, is the revision's fault and was said when it was pulled.
  if (!read && read.error().kind == ErrorKind::kCorrupt) return std::move(read).error();
  return {};
}

}  // namespace pawl
