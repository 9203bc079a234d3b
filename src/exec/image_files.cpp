#include "exec/image_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "exec/engine_error.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

bool is_archive(const std::string& name) {
  return name.ends_with(".tar") || name.ends_with(".tar.gz") || name.ends_with(".tgz");
}

// Nothing is known then, of the image or of the file.
bool is_unanswered(const Error& error) { return is_away(error) || is_stopped(error); }

bool holds(const std::vector<std::string>& images, const std::string& image) {
  return !image.empty() && std::any_of(images.begin(), images.end(), [&](const auto& name) {
    return is_same_image(name, image);
  });
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

Result<std::size_t> ImageFiles::look(const std::stop_token& stop) {
  PAWL_TRY(const Round round, look_once({}, stop));
  return round.loaded;
}

Result<ImageFiles::Found> ImageFiles::look_for(const std::string& image, const Note& note,
                                               const std::stop_token& stop) {
  bool loaded = false;
  std::string told;
  for (std::int64_t waited_ms = 0;;) {
    PAWL_TRY(const Round round, look_once(image, stop));
    loaded |= round.loaded > 0;
    if (round.is_there) return Found{true};
    if (round.unsettled.empty()) return Found{loaded};
    const std::string path = parts_.directory + "/" + round.unsettled;
    if (waited_ms >= limits::kImageWaitMs) return Found{loaded, path};
    if (path != told) {
      note("waiting for " + path + " to be complete");
      told = path;
    }
    const std::int64_t wait_ms = std::max(round.settles_ms, limits::kImageWaitStepMs);
    if (!parts_.wait(stop, wait_ms)) return stopped();
    waited_ms += wait_ms;
  }
}

Result<ImageFiles::Round> ImageFiles::look_once(const std::string& image,
                                                const std::stop_token& stop) {
  const Turn turn(*this, stop);
  if (!turn.has()) return stopped();
  Round round;
  // Whoever had the turn may have brought it.
  PAWL_TRY(round.is_there, has(image, stop));
  if (round.is_there) return round;
  list_files();
  const auto done = load_new(image, round, stop);
  parts_.ledger.save();
  tell();
  if (!done) return done.error();
  return round;
}

Result<bool> ImageFiles::has(const std::string& image, const std::stop_token& stop) {
  if (image.empty()) return false;
  auto present = parts_.engine.has_image(image, stop);
  if (!present && !is_unanswered(present.error())) return false;
  return present;
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

// If it stays as it is; 0: it is settled. By its own time, so that one that was moved here is loaded at once; or by what
// was seen of it, where clocks differ.
std::int64_t ImageFiles::settles_in_ms(const Seen& seen) const {
  const std::int64_t age_ms = parts_.clock.wall().ms - seen.changed_ns / kNsPerMs;
  const std::int64_t seen_ms = parts_.clock.mono().ms - seen.since.ms;
  const std::int64_t left_ms = limits::kImageLookMs - std::max(age_ms - 1, seen_ms);
  return std::max<std::int64_t>(left_ms, 0);
}

Result<void> ImageFiles::load_new(const std::string& image, Round& round,
                                  const std::stop_token& stop) {
  const std::vector<ImageLedger::File> files = parts_.ledger.files();
  for (const auto& [name, seen] : seen_) {
    if (!seen.trouble.empty()) continue;
    const auto known = std::find_if(files.begin(), files.end(), [&](const ImageLedger::File& file) {
      return file.name == name && file.bytes == seen.bytes && file.changed_ns == seen.changed_ns;
    });
    const bool is_loaded = known != files.end();
    if (is_loaded && !holds(known->images, image)) continue;
    const std::int64_t left_ms = is_loaded ? 0 : settles_in_ms(seen);
    if (left_ms == 0) {
      PAWL_CHECK(load(name, image, round, stop));
      continue;
    }
    const bool is_first = round.unsettled.empty();
    round.settles_ms = is_first ? left_ms : std::min(round.settles_ms, left_ms);
    if (is_first) round.unsettled = name;
  }
  return {};
}

// What cannot be loaded as it is, is no error.
Result<void> ImageFiles::load(const std::string& name, const std::string& image, Round& round,
                              const std::stop_token& stop) {
  const std::string path = parts_.directory + "/" + name;
  Seen& seen = seen_[name];
  auto images = parts_.engine.load_images(path, stop);
  if (!images && is_unanswered(images.error())) return images.error();
  if (images) {
    ++round.loaded;
    round.is_there |= holds(*images, image);
  }
  const auto now = look_at(path);
  const bool same = now && now->bytes == seen.bytes && now->changed_ns == seen.changed_ns;
  if (!same) {
    // Whatever came of it, it is another file now: the next look's.
    if (now && round.unsettled.empty()) {
      round.unsettled = name;
      round.settles_ms = limits::kImageLookMs;
    }
    return {};
  }
  if (!images) {
    seen.trouble = images.error().message;
    log_warning("a file of images cannot be loaded", {{"file", path}, {"reason", seen.trouble}});
    return {};
  }
  std::string text;
  for (const std::string& each : *images) {
    parts_.ledger.brought(each);
    text += (text.empty() ? "" : ", ") + each;
  }
  parts_.ledger.loaded({name, seen.bytes, seen.changed_ns, *images});
  log_info("a file of images was loaded", {{"file", path}, {"images", text}});
  return {};
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
