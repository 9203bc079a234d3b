#include "contract/engine/process_harness.h"

#include <doctest/doctest.h>

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>

#include "base/digest.h"
#include "base/file.h"
#include "process/process_engine.h"
#include "process/process_table.h"

namespace pawl {
namespace {

struct Sink : LogSink {
  std::string text;
  std::size_t lines_wanted = 0;  // 0: all to the end
  bool take(LogRecord&& record) override {
    text += record.text;
    if (lines_wanted == 0) return true;
    return std::count(text.begin(), text.end(), '\n') < static_cast<std::ptrdiff_t>(lines_wanted);
  }
  std::optional<std::int64_t> before_wait() override { return -1; }
};

}  // namespace

ProcessHarness::ProcessHarness() : value_(random_hex(4)) { make_engine_anew(); }

ProcessHarness::~ProcessHarness() {
  const auto tasks = engine_->list(label(), value_, {});
  if (!tasks) return;
  for (const ContainerSummary& task : *tasks) (void)engine_->remove(task.name, {});
}

void ProcessHarness::make_engine_anew() {
  engine_.reset();
  auto engine = make_process_engine({directory(), false, PAWL_PROCESS_SUPERVISOR});
  REQUIRE(engine);
  engine_ = std::move(engine).value();
}

ContainerSpec ProcessHarness::spec(const std::string& script) {
  ContainerSpec spec;
  spec.name = "task-" + std::to_string(next_++);
  spec.labels[label()] = value_;
  spec.image = "none:1";
  spec.command = {"sh", "-c", script};
  spec.cpus_milli = 500;
  spec.memory_bytes = 16 << 20;
  spec.pids = 32;
  spec.user = "65534";
  return spec;
}

std::string ProcessHarness::run(const ContainerSpec& spec) {
  REQUIRE(engine_->create(spec, {}));
  REQUIRE(engine_->start(spec.name, {}));
  REQUIRE(engine_->wait(spec.name, 60'000, {}));
  return spec.name;
}

std::string ProcessHarness::output(const std::string& name) {
  Sink sink;
  REQUIRE(engine_->follow_logs(name, 0, sink, {}));
  return sink.text;
}

std::vector<std::string> ProcessHarness::start(const ContainerSpec& spec, std::size_t lines) {
  REQUIRE(engine_->create(spec, {}));
  REQUIRE(engine_->start(spec.name, {}));
  Sink sink;
  sink.lines_wanted = lines;
  const auto followed = engine_->follow_logs(spec.name, 0, sink, {});
  REQUIRE_FALSE(followed);
  REQUIRE(followed.error().kind == ErrorKind::kCancelled);
  std::vector<std::string> words;
  std::istringstream text(sink.text);
  for (std::string line; std::getline(text, line);) words.push_back(line);
  return words;
}

RunRecord ProcessHarness::run_record(const std::string& name) const {
  const auto text = read_file(task_directory(name) + "/" + kRunFile, 4096);
  REQUIRE(text);
  const auto record = decode_run(*text);
  REQUIRE(record);
  return *record;
}

Mount workspace_mount(const std::string& volume) {
  Mount mount;
  mount.kind = Mount::Kind::kVolume;
  mount.source = volume;
  mount.target = "/workspace";
  mount.read_only = false;
  return mount;
}

void await_process_end(pid_t pid) {
  while (true) {
    const auto process = process_of(pid);
    if (!process || process->dead) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace pawl
