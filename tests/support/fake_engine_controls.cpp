// What only tests may do with the fake engine; the port itself is in fake_engine.cpp.
#include <chrono>

#include "support/fake_engine.h"

namespace pawl {
namespace {

using Phase = ContainerState::Phase;

}  // namespace

void FakeEngine::add_image(const std::string& image) {
  Lock lock(mutex_);
  images_.insert(image);
}

void FakeEngine::add_remote_image(const std::string& image) {
  Lock lock(mutex_);
  remote_images_.insert(image);
}

void FakeEngine::add_archive(const std::string& file, std::vector<std::string> images) {
  Lock lock(mutex_);
  archives_[file] = std::move(images);
}

void FakeEngine::set_usage(const std::string& name, const ResourceUsage& usage) {
  Lock lock(mutex_);
  Container* container = find(name);
  PAWL_ASSERT(container != nullptr);
  container->usage = usage;
}

void FakeEngine::set_disk_usage(DiskUsage usage) {
  Lock lock(mutex_);
  disk_usage_ = std::move(usage);
}

void FakeEngine::set_containers(bool containers) {
  Lock lock(mutex_);
  containers_engine_ = containers;
}

void FakeEngine::set_program(const std::string& last_word, Program program) {
  Lock lock(mutex_);
  programs_[last_word] = std::move(program);
}

void FakeEngine::print(const std::string& name, const Output& output, std::int64_t time_ns) {
  Lock lock(mutex_);
  Container* container = find(name);
  PAWL_ASSERT(container != nullptr);
  append(*container, output, time_ns);
  changed_.notify_all();
}

void FakeEngine::finish(const std::string& name, std::int32_t exit_code) {
  Lock lock(mutex_);
  Container* container = find(name);
  PAWL_ASSERT(container != nullptr);
  end(*container, exit_code);
  changed_.notify_all();
}

void FakeEngine::break_streams() {
  Lock lock(mutex_);
  ++broken_streams_;
  changed_.notify_all();
}

void FakeEngine::end_streams() {
  Lock lock(mutex_);
  ++ended_streams_;
  changed_.notify_all();
}

void FakeEngine::miss_last_records(std::size_t count) {
  Lock lock(mutex_);
  missed_records_ = count;
}

void FakeEngine::finish_unknown(const std::string& name) {
  Lock lock(mutex_);
  Container* container = find(name);
  PAWL_ASSERT(container != nullptr);
  end(*container, 0);
  container->state.ended_at = {};
  changed_.notify_all();
}

void FakeEngine::set_live_restore(bool live_restore) {
  Lock lock(mutex_);
  live_restore_ = live_restore;
}

void FakeEngine::go_down(bool orderly) {
  Lock lock(mutex_);
  away_ = true;
  ++broken_streams_;
  if (orderly && !live_restore_) {
    for (auto& [name, container] : containers_) {
      if (container.state.phase == Phase::kRunning) end(container, container.program.term_code);
    }
  }
  changed_.notify_all();
}

void FakeEngine::come_up(std::int32_t exit_code) {
  Lock lock(mutex_);
  if (!live_restore_) end_all(exit_code);
  ++incarnation_;
  away_ = false;
  changed_.notify_all();
}

void FakeEngine::reboot(std::int32_t exit_code) {
  Lock lock(mutex_);
  ++broken_streams_;
  end_all(exit_code);
  ++incarnation_;
  away_ = false;
  changed_.notify_all();
}

void FakeEngine::hide_incarnation() {
  Lock lock(mutex_);
  hidden_ = true;
}

void FakeEngine::set_stalled(bool stalled) {
  Lock lock(mutex_);
  stalled_ = stalled;
  changed_.notify_all();
}

void FakeEngine::forget_start(const std::string& name) {
  Lock lock(mutex_);
  Container* container = find(name);
  PAWL_ASSERT(container != nullptr);
  container->state.phase = Phase::kCreated;
  container->state.started_at = {};
  container->state.ended_at = {};
  changed_.notify_all();
}

void FakeEngine::drop_log(const std::string& name, std::size_t count) {
  Lock lock(mutex_);
  Container* container = find(name);
  PAWL_ASSERT(container != nullptr && count <= container->log.size());
  container->log.erase(container->log.begin(),
                       container->log.begin() + static_cast<std::ptrdiff_t>(count));
}

void FakeEngine::set_away(bool away) {
  Lock lock(mutex_);
  away_ = away;
  if (away) ++broken_streams_;
  changed_.notify_all();
}

void FakeEngine::fail(Call call, Error error, int count, bool carried_out) {
  Lock lock(mutex_);
  for (int i = 0; i < count; ++i) failures_[call].push_back(Failure{error, carried_out});
}

void FakeEngine::before_next(Call call, std::function<void()> hook) {
  Lock lock(mutex_);
  hooks_[call].push_back(std::move(hook));
}

void FakeEngine::hold(Call call) {
  Lock lock(mutex_);
  held_.insert(call);
}

void FakeEngine::release(Call call) {
  Lock lock(mutex_);
  held_.erase(call);
  changed_.notify_all();
}

bool FakeEngine::wait_for_call(Call call, int count) {
  Lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return calls_[call] >= count; });
}

bool FakeEngine::wait_until_gone(const std::string& name) {
  Lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(1),
                           [&] { return containers_.count(name) == 0; });
}

bool FakeEngine::wait_until_volume_gone(const std::string& name) {
  Lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(1),
                           [&] { return volumes_.count(name) == 0; });
}

bool FakeEngine::has_volume(const std::string& name) const {
  Lock lock(mutex_);
  return volumes_.count(name) > 0;
}

bool FakeEngine::is_open(const std::string& volume) const {
  Lock lock(mutex_);
  const auto found = volumes_.find(volume);
  return found != volumes_.end() && found->second.open;
}

int FakeEngine::calls(Call call) const {
  Lock lock(mutex_);
  const auto found = calls_.find(call);
  return found == calls_.end() ? 0 : found->second;
}

int FakeEngine::starts(const std::string& name) const {
  Lock lock(mutex_);
  return at(name).starts;
}

std::vector<int> FakeEngine::signals(const std::string& name) const {
  Lock lock(mutex_);
  return at(name).signals;
}

ContainerSpec FakeEngine::spec(const std::string& name) const {
  Lock lock(mutex_);
  return at(name).spec;
}

bool FakeEngine::exists(const std::string& name) const {
  Lock lock(mutex_);
  return containers_.count(name) > 0;
}

}  // namespace pawl
