#include "agent/source_pullers.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/digest.h"
#include "base/log.h"
#include "config/pipeline_loader.h"
#include "git/source_url.h"

namespace pawl {
namespace {

// In [0, bound); from the kernel, so that hosts started together differ.
std::int64_t random_below(std::int64_t bound) {
  std::uint32_t value = 0;
  const std::string text = random_hex(4);
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return bound <= 0 ? 0 : static_cast<std::int64_t>(value) % bound;
}

}  // namespace

SourcePullers::SourcePullers(Parts parts, const HostConfig& config)
    : parts_(parts), config_(config) {
  for (const SourceConfig& source : config.sources) {
    pullers_.push_back(std::make_unique<Puller>());
    pullers_.back()->config = source;
  }
}

SourcePullers::~SourcePullers() { stop(); }

void SourcePullers::start() {
  for (const auto& puller : pullers_) {
    puller->thread = std::thread([this, &puller = *puller] { run(puller); });
  }
}

void SourcePullers::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (const auto& puller : pullers_) {
    if (puller->thread.joinable()) puller->thread.join();
  }
}

void SourcePullers::run(Puller& puller) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const std::uint64_t covers = puller.wanted;
    lock.unlock();
    Event event;
    SourcePulled pulled = pull(puller);
    pulled.request = parts_.replies.open();
    const RequestId request = pulled.request;
    event.body = std::move(pulled);
    if (!parts_.sink.post(std::move(event))) {
      parts_.replies.abandon(request);
      return;
    }
    // A store that takes no writes keeps the answer back; the pull is in force once it does again.
    static_cast<void>(parts_.replies.wait(request, limits::kReplyDeadlineMs));
    lock.lock();
    puller.done = covers;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::milliseconds(wait_ms(puller)),
                      [&] { return stopping_ || puller.wanted > puller.done; });
  }
}

std::int64_t SourcePullers::wait_ms(const Puller& puller) {
  std::int64_t wait = puller.config.interval_ms;
  for (std::uint32_t i = 1; i < puller.failures && wait < limits::kPullBackoffMaxMs; ++i) wait *= 2;
  if (puller.failures > 0) wait = std::min(wait, limits::kPullBackoffMaxMs);
  // ±10 %
  return wait - wait / 10 + random_below(wait / 5);
}

SourcePulled SourcePullers::pull(Puller& puller) {
  SourcePulled pulled;
  pulled.state.name = puller.config.name;
  pulled.state.url = redact_urls(puller.config.url);
  pulled.state.attempted_at = parts_.clock.wall();
  const auto before = published_state(puller.config.name);
  // The first pull after a start reads everything: the host config or pawl itself may have changed.
  const std::string known = puller.pulled_once && before ? before->revision : std::string();
  auto result = parts_.git.pull(puller.config, known);
  if (!result) {
    ++puller.failures;
    log_warning("a source could not be pulled; its last good pipelines stay in force",
                {{"source", puller.config.name}, {"reason", result.error().text()}});
    pulled.state.error = result.error().text().substr(0, limits::kMessageBytes);
    return pulled;
  }
  puller.failures = 0;
  puller.pulled_once = true;
  pulled.state.pulled_at = pulled.state.attempted_at;
  pulled.state.revision = result->revision;
  pulled.unchanged = result->unchanged;
  pulled.state.problems = std::move(result->problems);
  for (const Problem& problem : pulled.state.problems) {
    pulled.files.push_back(SourceFile{problem.file, true, {}});
  }
  for (const PulledFile& file : result->files) {
    PipelineFileResult parsed = parse_pipeline_file(
        file.content, Origin{puller.config.name, file.path, 0, result->revision}, config_);
    SourceFile source_file{file.path, !parsed.problems.empty(), {}};
    for (Problem& problem : parsed.problems) {
      log_warning("a pipeline file is broken; its last good version stays in force",
                  {{"source", puller.config.name}, {"problem", problem.text()}});
      pulled.state.problems.push_back(std::move(problem));
    }
    source_file.elsewhere = std::move(parsed.elsewhere);
    if (!source_file.broken) {
      for (Pipeline& pipeline : parsed.pipelines) {
        source_file.pipelines.push_back(std::make_shared<const Pipeline>(std::move(pipeline)));
      }
    }
    pulled.files.push_back(std::move(source_file));
  }
  return pulled;
}

SourcePullers::Puller* SourcePullers::find(const std::string& name) {
  for (const auto& puller : pullers_) {
    if (puller->config.name == name) return puller.get();
  }
  return nullptr;
}

std::optional<SourceState> SourcePullers::published_state(const std::string& name) const {
  const auto snapshot = parts_.published.get();
  for (const SourceState& source : *snapshot->sources) {
    if (source.name == name) return source;
  }
  return std::nullopt;
}

Result<SourceState> SourcePullers::sync(const std::string& source, bool wait) {
  Puller* puller = find(source);
  if (puller == nullptr) {
    return Error{ErrorKind::kNotFound, "the host config names no source '" + source + "'", {}};
  }
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = ++puller->wanted;
  changed_.notify_all();
  const auto current = [&] { return published_state(source).value_or(SourceState{}); };
  if (!wait) return current();
  const bool in_time = changed_.wait_for(
      lock, std::chrono::milliseconds(limits::kPullDeadlineMs + limits::kReplyDeadlineMs),
      [&] { return stopping_ || puller->done >= ticket; });
  if (stopping_) return Error{ErrorKind::kUnavailable, "the agent is stopping", {}};
  if (!in_time) return Error{ErrorKind::kTimeout, "the pull did not end in time", source};
  SourceState state = current();
  if (!state.error.empty()) return Error{ErrorKind::kUnavailable, state.error, source};
  return state;
}

void SourcePullers::sync_all() {
  {
    std::lock_guard lock(mutex_);
    for (const auto& puller : pullers_) ++puller->wanted;
  }
  changed_.notify_all();
}

}  // namespace pawl
