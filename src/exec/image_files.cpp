#include "exec/image_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

bool is_archive(const std::string& name) {
  return name.ends_with(".tar") || name.ends_with(".tar.gz") || name.ends_with(".tgz");
}

bool is_away(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kTimeout ||
         error.kind == ErrorKind::kExhausted || error.kind == ErrorKind::kCancelled;
}

struct Look {
  std::int64_t bytes = 0;
  std::int64_t changed_ns = 0;
};

std::optional<Look> look_at(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return Look{info.st_size, info.st_mtim.tv_sec * 1'000 * kNsPerMs + info.st_mtim.tv_nsec};
}

}  // namespace

class ImageFiles::Turn {
 public:
  Turn(ImageFiles& files, const std::stop_token& stop) : files_(files) {
    std::unique_lock lock(files_.mutex_);
    has_ = files_.changed_.wait(lock, stop, [&] { return !files_.looking_; });
    if (has_) files_.looking_ = true;
  }
  ~Turn() {
    if (!has_) return;
    {
      std::lock_guard lock(files_.mutex_);
      files_.looking_ = false;
    }
    files_.changed_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  [[nodiscard]] bool has() const { return has_; }

 private:
  ImageFiles& files_;
  bool has_ = false;
};

ImageFiles::ImageFiles(Parts parts) : parts_(std::move(parts)) {}

ImageFiles::~ImageFiles() { stop(); }

void ImageFiles::start() {
  thread_ = std::make_unique<WorkerThread>("pawl-images", [this] { run(); });
}

void ImageFiles::stop() {
  stop_.request_stop();
  thread_.reset();
}

void ImageFiles::run() {
  const std::stop_token stop = stop_.get_token();
  while (!stop.stop_requested()) {
    // An engine that is away is asked again with the next look.
    (void)look(stop);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, std::chrono::milliseconds(limits::kImageLookMs),
                      [] { return false; });
  }
}

Result<std::size_t> ImageFiles::look(const std::stop_token& stop) { return look_for({}, stop); }

Result<std::size_t> ImageFiles::look_for(const std::string& image, const std::stop_token& stop) {
  const Turn turn(*this, stop);
  if (!turn.has()) return Error{ErrorKind::kCancelled, "stopped", {}};
  list_files();
  auto loaded = load_new(image, stop);
  parts_.ledger.save();
  tell();
  return loaded;
}

void ImageFiles::list_files() {
  std::map<std::string, Seen> now;
  too_many_ = false;
  std::error_code failed;
  std::filesystem::directory_iterator entries(parts_.directory, failed);
  while (!failed && entries != std::filesystem::directory_iterator()) {
    const std::string name = entries->path().filename().native();
    const auto look = is_archive(name) ? look_at(entries->path().native()) : std::nullopt;
    if (look && now.size() >= limits::kImageFiles) {
      too_many_ = true;
      break;
    }
    if (look) now[name] = Seen{look->bytes, look->changed_ns, parts_.clock.mono(), {}};
    entries.increment(failed);
  }
  for (auto& [name, seen] : now) {
    const auto before = seen_.find(name);
    if (before != seen_.end() && before->second.is_like(seen)) seen = before->second;
  }
  seen_ = std::move(now);
}

// By its own time, so that one that was moved here is loaded at once; or by what was seen of it, where clocks differ.
bool ImageFiles::is_settled(const Seen& seen) const {
  const std::int64_t age_ms = parts_.clock.wall().ms - seen.changed_ns / kNsPerMs;
  const std::int64_t seen_ms = parts_.clock.mono().ms - seen.since.ms;
  return age_ms > limits::kImageLookMs || seen_ms >= limits::kImageLookMs;
}

bool ImageFiles::is_loaded(const std::string& name, const Seen& seen) const {
  for (const ImageLedger::File& file : parts_.ledger.files()) {
    if (file.name == name) {
      return file.bytes == seen.bytes && file.changed_ns == seen.changed_ns;
    }
  }
  return false;
}

Result<std::size_t> ImageFiles::load_new(const std::string& image, const std::stop_token& stop) {
  std::vector<std::string> again;
  for (const ImageLedger::File& file : parts_.ledger.files()) {
    const bool holds = std::any_of(file.images.begin(), file.images.end(), [&](const auto& name) {
      return !image.empty() && is_same_image(name, image);
    });
    if (holds) again.push_back(file.name);
  }
  std::size_t count = 0;
  for (auto& [name, seen] : seen_) {
    const bool wanted = std::find(again.begin(), again.end(), name) != again.end();
    if (!seen.trouble.empty() || !is_settled(seen) || (is_loaded(name, seen) && !wanted)) continue;
    PAWL_TRY(const bool loaded, load(name, seen, stop));
    if (loaded) ++count;
  }
  return count;
}

// False: it cannot be loaded as it is.
Result<bool> ImageFiles::load(const std::string& name, Seen& seen, const std::stop_token& stop) {
  const std::string path = parts_.directory + "/" + name;
  auto images = parts_.engine.load_images(path, stop);
  if (!images && is_away(images.error())) return images.error();
  const auto now = look_at(path);
  const bool same = now && now->bytes == seen.bytes && now->changed_ns == seen.changed_ns;
  if (!same) return images.ok();  // whatever came of it, it is another file now: the next look's
  if (!images) {
    seen.trouble = images.error().message;
    log_warning("a file of images cannot be loaded", {{"file", path}, {"reason", seen.trouble}});
    return false;
  }
  std::string text;
  for (const std::string& image : *images) {
    parts_.ledger.brought(image);
    text += (text.empty() ? "" : ", ") + image;
  }
  parts_.ledger.loaded({name, seen.bytes, seen.changed_ns, *images});
  log_info("a file of images was loaded", {{"file", path}, {"images", text}});
  return true;
}

void ImageFiles::tell() {
  std::vector<std::string> texts;
  std::size_t more = 0;
  for (const auto& [name, seen] : seen_) {
    if (seen.trouble.empty()) continue;
    if (texts.size() >= limits::kImageFilesTold) {
      ++more;
      continue;
    }
    texts.push_back("image file " + parts_.directory + "/" + name +
                    " cannot be loaded: " + seen.trouble + "; replace or remove it");
  }
  if (more > 0) texts.push_back("and " + std::to_string(more) + " more files there");
  if (too_many_) {
    texts.push_back(parts_.directory + " has more than " + std::to_string(limits::kImageFiles) +
                    " image files; the rest is not looked at");
  }
  if (texts == told_) return;
  told_ = texts;
  if (parts_.warn) parts_.warn(std::move(texts));
}

}  // namespace pawl
