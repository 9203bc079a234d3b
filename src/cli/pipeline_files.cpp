// An explicit list of directories to visit instead of recursion; links are looked at, not through,
// so that a loop of them cannot hold the walk and nothing outside the tree is read.
#include "cli/pipeline_files.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "model/limits.h"

namespace pawl::cli {
namespace {

namespace fs = std::filesystem;

bool has_pipeline_name(const fs::path& path) {
  const fs::path extension = path.extension();
  return extension == ".yaml" || extension == ".yml";
}

class Finder {
 public:
  void take(const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) {
      found_.missing.push_back({path, 0, 0, "no such file or directory"});
    } else if (error) {
      found_.unreadable.push_back({path, 0, 0, error.message()});
    } else if (fs::is_directory(status)) {
      walk(path);
    } else {
      add(path);
    }
  }

  FoundFiles take_result() { return std::move(found_); }

 private:
  void walk(const std::string& top) {
    std::vector<fs::path> files;
    std::vector<fs::path> pending{top};
    const std::size_t skipped_before = found_.skipped.size();
    while (!pending.empty()) {
      const fs::path directory = std::move(pending.back());
      pending.pop_back();
      if (!read_directory(directory, files, pending)) return;
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) add(file.string());
    if (files.empty() && found_.skipped.size() == skipped_before) {
      found_.missing.push_back({top, 0, 0, "no *.yaml or *.yml file in this directory"});
    }
  }

  // False when a bound was reached.
  bool read_directory(const fs::path& directory, std::vector<fs::path>& files,
                      std::vector<fs::path>& pending) {
    std::error_code error;
    fs::directory_iterator entry(directory, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      if (++entries_ > limits::kSourceTreeEntries || files.size() >= limits::kSourceFiles) {
        found_.unreadable.push_back({directory.string(), 0, 0, "too many files"});
        return false;
      }
      std::error_code unknown;
      const fs::file_status status = entry->symlink_status(unknown);
      const fs::path& path = entry->path();
      if (fs::is_directory(status)) {
        if (path.filename() != ".git") pending.push_back(path);
      } else if (has_pipeline_name(path)) {
        if (fs::is_regular_file(status)) {
          files.push_back(path);
        } else {
          found_.skipped.push_back(path.string() + ": not a regular file, so the agent skips it");
        }
      }
    }
    if (error) found_.unreadable.push_back({directory.string(), 0, 0, error.message()});
    return true;
  }

  void add(const std::string& path) {
    std::error_code error;
    const fs::path canonical = fs::canonical(path, error);
    if (seen_.insert(error ? fs::path(path) : canonical).second) found_.files.push_back(path);
  }

  FoundFiles found_;
  std::set<fs::path> seen_;
  std::size_t entries_ = 0;
};

}  // namespace

FoundFiles find_pipeline_files(const std::vector<std::string>& paths) {
  Finder finder;
  for (const std::string& path : paths) finder.take(path);
  return finder.take_result();
}

}  // namespace pawl::cli
