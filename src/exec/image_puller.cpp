#include "exec/image_puller.h"

#include <algorithm>
#include <utility>

#include "base/time.h"
#include "exec/engine_error.h"
#include "exec/pause.h"
#include "model/limits.h"

namespace pawl {

ImagePuller::~ImagePuller() { PAWL_ASSERT(pulls_.empty()); }

Result<void> ImagePuller::pull(const std::string& image, const Note& note,
                               const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  Place pull = std::find_if(pulls_.begin(), pulls_.end(),
                            [&](const Pull& each) { return each.joinable && each.image == image; });
  std::size_t said = 0;
  const bool joined = pull != pulls_.end();
  if (joined) {
    said = pull->lines.size();
  } else {
    pull = pulls_.emplace(pulls_.end(), image);
    pull->thread = std::make_unique<WorkerThread>("pawl-pull", [this, pull] { carry_out(*pull); });
  }
  ++pull->waiters;
  const auto say = [&](const std::string& line) {
    lock.unlock();
    note(line);
    lock.lock();
  };
  if (joined) say("another task is pulling it already");
  while (!stop.stop_requested()) {
    changed_.wait(lock, stop, [&] { return pull->over || pull->lines.size() > said; });
    if (pull->lines.size() == said) break;
    const std::string line = pull->lines[said++];
    say(line);
  }
  // Whatever came of it: who was stopped reports nothing.
  Result<void> result = stop.stop_requested() ? Result<void>(stopped()) : pull->result;
  leave(lock, pull);
  return result;
}

void ImagePuller::leave(std::unique_lock<std::mutex>& lock, Place pull) {
  if (--pull->waiters > 0) return;
  pull->joinable = false;
  lock.unlock();
  pull->stop.request_stop();
  pull->thread.reset();
  lock.lock();
  pulls_.erase(pull);
}

void ImagePuller::carry_out(Pull& pull) {
  // One that was there is somebody else's, and stays so. So is one of which it is not known.
  const auto present = parts_.engine.has_image(pull.image, pull.stop.get_token());
  const bool is_ours = present && !*present;
  Result<void> result = pull_with_retries(pull);
  if (result && is_ours && parts_.ledger != nullptr) {
    parts_.ledger->brought(pull.image);
    parts_.ledger->save();
  }
  std::lock_guard lock(mutex_);
  pull.result = std::move(result);
  pull.over = true;
  pull.joinable = false;
  changed_.notify_all();
}

Result<void> ImagePuller::pull_with_retries(Pull& pull) {
  const std::stop_token stop = pull.stop.get_token();
  Backoff backoff(parts_.retry_ms, parts_.retry_max_ms);
  for (std::uint32_t tries = 1;; ++tries) {
    auto result = parts_.engine.pull_image(
        pull.image, [&](const std::string& line) { add_line(pull, line); }, stop);
    if (result || result.error().kind != ErrorKind::kConflict || tries >= limits::kPullTries) {
      return result;
    }
    const std::int64_t wait_ms = backoff.next_ms();
    add_line(pull, "the registry failed (" + result.error().message + "); trying again in " +
                       format_duration(wait_ms) + " (" + std::to_string(tries + 1) + " of " +
                       std::to_string(limits::kPullTries) + ")");
    if (!pause(stop, wait_ms)) return stopped();
  }
}

void ImagePuller::add_line(Pull& pull, const std::string& line) {
  {
    std::lock_guard lock(mutex_);
    pull.lines.push_back(line);
  }
  changed_.notify_all();
}

Result<ImageFiles::Found> ImagePuller::load(const std::string& image, const Note& note,
                                            const std::stop_token& stop) {
  if (parts_.files == nullptr) return ImageFiles::Found{};
  return parts_.files->look_for(image, note, stop);
}

void ImagePuller::used(const std::string& image) {
  if (parts_.ledger != nullptr) parts_.ledger->used(image);
}

}  // namespace pawl
