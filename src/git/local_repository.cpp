// The layout is gitrepository-layout(5): `.git` may be a file "gitdir: <path>", a linked work tree's git
// directory has a file `commondir`, and objects/info/alternates names borrowed object directories.
#include "git/local_repository.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::size_t kLinkFileBytes = 64 * 1024;
constexpr std::string_view kGitFileMark = "gitdir:";

std::string real_path(const std::string& path) {
  char buffer[PATH_MAX];
  return ::realpath(path.c_str(), buffer) != nullptr ? std::string(buffer) : std::string();
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return std::string(text);
}

std::string join(const std::string& base, const std::string& path) {
  return !path.empty() && path.front() == '/' ? path : base + "/" + path;
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

class Collector {
 public:
  // False when the bound is reached.
  bool add(const std::string& path) {
    const std::string real = real_path(path);
    // What is missing cannot be read anyway; libgit2 will say what it lacks.
    if (real.empty()) return true;
    if (std::find(paths_.begin(), paths_.end(), real) != paths_.end()) return true;
    if (paths_.size() >= limits::kRepositoryLinks * 4) return false;
    paths_.push_back(real);
    return true;
  }
  bool add_git_directory(const std::string& directory) {
    return add(directory) && add(directory + "/objects") && add(directory + "/refs") &&
           add_alternates(directory + "/objects");
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(paths_); }

 private:
  // Alternates may have alternates: followed in breadth, each once.
  bool add_alternates(const std::string& first) {
    std::vector<std::string> pending = {first};
    for (std::size_t i = 0; i < pending.size(); ++i) {
      if (i >= limits::kRepositoryLinks) return false;
      const auto text = read_file(pending[i] + "/info/alternates", kLinkFileBytes);
      if (!text) continue;
      std::size_t begin = 0;
      while (begin < text->size()) {
        const std::size_t end = std::min(text->find('\n', begin), text->size());
        const std::string line = trimmed(std::string_view(*text).substr(begin, end - begin));
        begin = end + 1;
        if (line.empty() || line.front() == '#') continue;
        const std::string objects = join(pending[i], line);
        if (!add(objects)) return false;
        if (std::find(pending.begin(), pending.end(), objects) == pending.end()) {
          pending.push_back(objects);
        }
      }
    }
    return true;
  }

  std::vector<std::string> paths_;
};

}  // namespace

Result<std::vector<std::string>> repository_paths(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    const ErrorKind kind = errno == EACCES ? ErrorKind::kDenied : ErrorKind::kNotFound;
    return Error{kind, std::string("cannot open the repository: ") + std::strerror(errno), path};
  }
  if (!S_ISDIR(info.st_mode)) return Error{ErrorKind::kNotFound, "not a directory", path};

  Collector collector;
  const std::string dot_git = path + "/.git";
  std::string directory = path;
  bool bounded = true;
  if (is_directory(dot_git)) {
    directory = dot_git;
  } else if (const auto text = read_file(dot_git, kLinkFileBytes)) {
    if (text->compare(0, kGitFileMark.size(), kGitFileMark) != 0) {
      return Error{ErrorKind::kNotFound, "no Git repository: .git is no directory or gitdir file",
                   path};
    }
    directory = join(path, trimmed(std::string_view(*text).substr(kGitFileMark.size())));
    bounded = collector.add(dot_git);
  }
  bounded = bounded && collector.add_git_directory(directory);
  if (const auto text = read_file(directory + "/commondir", kLinkFileBytes); bounded && text) {
    bounded = collector.add_git_directory(join(directory, trimmed(*text)));
  }
  if (!bounded) {
    return Error{ErrorKind::kTooLarge,
                 "borrows from more than " + std::to_string(limits::kRepositoryLinks) +
                     " other repositories (objects/info/alternates)",
                 path};
  }
  return collector.take();
}

}  // namespace pawl
