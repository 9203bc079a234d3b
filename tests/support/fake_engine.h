// The ContainerEngine port in memory, for tests of exec/ and the agent.
// tests/contract/engine/ holds it to the same behaviour as the Docker engine.
//
// A container "runs" the program that is registered for the last word of its command. Nothing happens by
// itself: a program prints at its start and then ends or waits for kill() or finish(). Thread-safe
// like the port.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/container_engine.h"

namespace pawl {

class FakeEngine : public ContainerEngine {
 public:
  struct Output {
    LogStream stream = LogStream::kStdout;
    std::string text;  // one record
  };
  struct Program {
    std::vector<Output> output = {};
    bool waits = false;  // until it is killed or finished
    std::int32_t exit_code = 0;
    bool oom_killed = false;
    std::string refusal = {};      // the engine cannot start it, and says this
    std::int32_t term_code = 143;  // its exit code after SIGTERM
  };
  enum class Call : std::uint8_t {
    kInfo,
    kHasImage,
    kPull,
    kCreate,
    kStart,
    kInspect,
    kFollow,
    kWait,
    kKill,
    kRemove,
    kList,
    kRemoveVolume,
    kListVolumes,
    kLoad,
    kMakeImage,
    kRemoveImage,
    kRename,
    kUsage,
    kDiskUsage
  };

  FakeEngine();

  Result<EngineInfo> info(const Stop& stop) override;
  std::string incarnation() override;
  Result<bool> has_image(const std::string& image, const Stop& stop) override;
  Result<void> pull_image(const std::string& image, const Progress& progress,
                          const Stop& stop) override;
  Result<std::vector<std::string>> load_images(const std::string& file, const Stop& stop) override;
  Result<void> make_image(const std::string& name, const std::string& executable,
                          const Stop& stop) override;
  Result<void> remove_image(const std::string& image, const Stop& stop) override;
  Result<std::string> create(const ContainerSpec& spec, const Stop& stop) override;
  Result<void> start(const std::string& name, const Stop& stop) override;
  Result<ContainerState> inspect(const std::string& name, const Stop& stop) override;
  Result<void> follow_logs(const std::string& name, std::int64_t since_ns, LogSink& sink,
                           const Stop& stop) override;
  Result<ContainerState> wait(const std::string& name, std::int64_t timeout_ms,
                              const Stop& stop) override;
  Result<void> kill(const std::string& name, int signal, const Stop& stop) override;
  Result<void> remove(const std::string& name, const Stop& stop) override;
  Result<void> rename(const std::string& name, const std::string& new_name,
                      const Stop& stop) override;
  Result<ResourceUsage> usage(const std::string& name, const Stop& stop) override;
  Result<std::vector<ContainerSummary>> list(const std::string& label, const std::string& value,
                                             const Stop& stop) override;
  Result<void> remove_volume(const std::string& name, const Stop& stop) override;
  Result<std::vector<VolumeSummary>> list_volumes(const std::string& label,
                                                  const std::string& value,
                                                  const Stop& stop) override;
  Result<DiskUsage> disk_usage(const Stop& stop) override;

  // --- what only tests may do ---
  void add_image(const std::string& image);
  // The registry has it: a pull brings it.
  void add_remote_image(const std::string& image);
  // A file of that path is an archive with these images.
  void add_archive(const std::string& file, std::vector<std::string> images);
  void set_program(const std::string& last_word, Program program);
  // What a container is said to have used, once it runs.
  void set_usage(const std::string& name, const ResourceUsage& usage);
  // What it has besides is added, without sizes.
  void set_disk_usage(DiskUsage usage);
  // EngineInfo::containers; true at first.
  void set_containers(bool containers);

  // A running container prints one more record; `time_ns` 0: a millisecond after the one before.
  void print(const std::string& name, const Output& output, std::int64_t time_ns = 0);
  void finish(const std::string& name, std::int32_t exit_code);
  // It ended, and the engine cannot say when or how.
  void finish_unknown(const std::string& name);
  // A log that is followed while its container ends lacks that many records, as Docker 20.10's may.
  void miss_last_records(std::size_t count);
  // Ends every stream under way as if its container had ended; the containers live on.
  void end_streams();
  // Ends every stream under way as a broken connection; the containers live on.
  void break_streams();
  // Whether containers live on while the engine is away; not at first.
  void set_live_restore(bool live_restore);
  // The engine's process ends: an orderly end sends its containers SIGTERM. Calls are kUnavailable from now on.
  void go_down(bool orderly);
  // Another one comes up. What ran on against its will is ended and given this exit code, as of now.
  void come_up(std::int32_t exit_code = 0);
  // The host: nothing survives, whatever the engine's settings.
  void reboot(std::int32_t exit_code = 0);
  // As behind a proxy: one incarnation looks like the other.
  void hide_incarnation();
  // Stopped like with SIGSTOP: calls are kTimeout, streams are silent, the containers run on.
  void set_stalled(bool stalled);
  // A container is said never to have been started, as after a crash of the engine during its start.
  void forget_start(const std::string& name);
  // The oldest records of its log are dropped.
  void drop_log(const std::string& name, std::size_t count);
  // While away every call is kUnavailable and streams break.
  void set_away(bool away);
  // The next `count` calls of that kind fail; with `carried_out`, after having done their work.
  void fail(Call call, Error error, int count = 1, bool carried_out = false);
  // Runs inside the next call of that kind, before it does anything.
  void before_next(Call call, std::function<void()> hook);
  // Pulls and starts hang until their stop token or release().
  void hold(Call call);
  void release(Call call);

  // Waits until a call of that kind is under way or has been; false after a minute.
  [[nodiscard]] bool wait_for_call(Call call, int count = 1);
  // Waits until there is no such container; false after a minute.
  [[nodiscard]] bool wait_until_gone(const std::string& name);
  [[nodiscard]] int calls(Call call) const;
  // How often the container was started, and the signals it got.
  [[nodiscard]] int starts(const std::string& name) const;
  [[nodiscard]] std::vector<int> signals(const std::string& name) const;
  [[nodiscard]] ContainerSpec spec(const std::string& name) const;
  [[nodiscard]] bool exists(const std::string& name) const;
  // Of volumes: waits until there is none of that name; false after a minute.
  [[nodiscard]] bool wait_until_volume_gone(const std::string& name);
  [[nodiscard]] bool has_volume(const std::string& name) const;
  [[nodiscard]] bool is_open(const std::string& volume) const;

 private:
  struct Container {
    ContainerSpec spec;
    ContainerState state;
    Program program;
    std::vector<LogRecord> log;
    int starts = 0;
    std::vector<int> signals;
    ResourceUsage usage;
  };
  struct Volume {
    std::map<std::string, std::string> labels;
    bool open = false;
  };
  struct Failure {
    Error error;
    bool carried_out = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  // Counts the call, runs its hook, and hands out the failure that was ordered for it.
  [[nodiscard]] std::optional<Failure> enter(Lock& lock, Call call, const Stop& stop);
  template <typename T>
  [[nodiscard]] Result<T> perform(Call call, const Stop& stop,
                                  const std::function<Result<T>()>& work);
  [[nodiscard]] Container* find(const std::string& name);
  [[nodiscard]] const Container& at(const std::string& name) const;
  void append(Container& container, const Output& output, std::int64_t time_ns);
  void end(Container& container, std::int32_t exit_code);
  void end_all(std::int32_t exit_code);
  [[nodiscard]] std::string incarnation_locked() const;
  [[nodiscard]] static Error no_container(const std::string& name);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<std::string> images_;
  std::set<std::string> remote_images_;
  std::map<std::string, std::vector<std::string>> archives_;
  DiskUsage disk_usage_;
  std::map<std::string, Program> programs_;
  std::map<std::string, Container> containers_;  // by name
  std::map<std::string, Volume> volumes_;        // by name
  std::map<Call, std::deque<Failure>> failures_;
  std::map<Call, std::deque<std::function<void()>>> hooks_;
  std::map<Call, int> calls_;
  std::set<Call> held_;
  std::uint64_t broken_streams_ = 0;  // rise when all streams break, or end
  std::uint64_t ended_streams_ = 0;
  std::size_t missed_records_ = 0;
  bool away_ = false;
  bool stalled_ = false;
  bool live_restore_ = false;
  bool containers_engine_ = true;
  bool hidden_ = false;
  int incarnation_ = 1;
  std::int64_t time_ns_;
  std::uint64_t next_id_ = 1;
};

}  // namespace pawl
