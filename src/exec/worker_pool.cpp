// A queue of orders and a control per attempt; the work is in TaskRunner and Janitor. The map of controls
// also says which attempts are under way, so that an order given twice is taken once.
#include "exec/worker_pool.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

#include "exec/ahead.h"
#include "exec/attempt_control.h"
#include "exec/image_puller.h"
#include "exec/janitor.h"
#include "exec/live_restore.h"
#include "exec/pause.h"
#include "exec/task_runner.h"
#include "exec/worker_thread.h"

namespace pawl {

class WorkerPool::Impl {
 public:
  Impl(ContainerEngine& engine, EventSink& sink, const Clock& clock, Settings settings)
      : settings_(std::move(settings)),
        live_restore_(engine),
        sandboxes_({engine, clock, settings_.instance_id, settings_.find_run, abandon_.get_token()},
                   settings_.sandbox),
        ahead_({engine, settings_.instance_id, settings_.policy, sandboxes_, settings_.files,
                abandon_.get_token()}),
        images_({engine, settings_.image_ledger, settings_.image_files,
                 settings_.times.pull_retry_ms, settings_.times.pull_retry_max_ms}),
        parts_{engine,
               sink,
               clock,
               settings_.policy,
               settings_.instance_id,
               live_restore_,
               settings_.times,
               sandboxes_,
               ahead_,
               settings_.files,
               settings_.read_secret,
               images_,
               abandon_.get_token()},
        janitor_({engine, sink, settings_.instance_id, settings_.former_instances, sandboxes_,
                  settings_.files, settings_.find_run, settings_.times, abandon_.get_token()}) {
    for (std::uint32_t i = 0; i < settings_.workers; ++i) {
      threads_.push_back(std::make_unique<WorkerThread>("pawl-worker", [this] { work(); }));
    }
  }

  ~Impl() { stop(); }

  void run(const RunAttempt& order, const LogPosition& resume_from) {
    {
      std::lock_guard lock(mutex_);
      auto& control = controls_[order.key];
      if (control) return;
      control = std::make_unique<AttemptControl>();
      if (order.stop) (void)control->request_stop(false);
      orders_.push_back(Order{order, resume_from, *control});
    }
    changed_.notify_one();
  }

  void signal(const SignalAttempt& order) {
    std::optional<std::string> target;
    {
      std::lock_guard lock(mutex_);
      const auto found = controls_.find(order.key);
      if (found == controls_.end()) return;  // it has ended
      target = found->second->request_stop(order.kill);
    }
    if (target) janitor_.signal(std::move(*target), order.kill ? SIGKILL : SIGTERM);
  }

  void prepare(const PrepareAttempt& order) { ahead_.prepare(order.order); }
  void remove(const RemoveContainer& order) {
    ahead_.discard(order.key);
    janitor_.remove(order.key);
  }
  void remove(const RemoveWorkspace& order) {
    ahead_.discard(order.run);
    janitor_.remove_workspace(order.run);
    if (settings_.run_ended) settings_.run_ended();
  }
  [[nodiscard]] const std::string& sandbox_image() const { return sandboxes_.image(); }
  void remove_leftover(RunId run) { janitor_.remove_workspace(run); }
  void list_containers() {
    janitor_.list();
    sandboxes_.start();
  }

  void stop() {
    {
      std::lock_guard lock(mutex_);
      shutdown_.request_stop();
      for (const auto& [key, control] : controls_) control->abandon();
    }
    // What is under way is waited for, and so are removals: cut short, the engine may carry a creation out when nobody looks
    // any more, and an agent that has ended should leave nothing behind.
    std::stop_source all_done;
    WorkerThread goodbye("pawl-goodbye", [&] {
      (void)pause(all_done.get_token(), settings_.times.goodbye_ms);
      abandon_.request_stop();
    });
    ahead_.stop();
    threads_.clear();  // joins
    sandboxes_.stop();
    janitor_.stop();
    all_done.request_stop();
  }

 private:
  struct Order {
    RunAttempt order;
    LogPosition resume_from;
    AttemptControl& control;  // in controls_, for as long as this order is under way
  };

  void work() {
    const std::stop_token shutdown = shutdown_.get_token();
    while (true) {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, shutdown, [this] { return !orders_.empty(); })) return;
      if (shutdown.stop_requested()) return;
      const Order order = std::move(orders_.front());
      orders_.pop_front();
      lock.unlock();
      TaskRunner(parts_, order.order, order.resume_from, order.control, shutdown).run();
      lock.lock();
      controls_.erase(order.order.key);
    }
  }

  const Settings settings_;
  std::stop_source abandon_;
  LiveRestore live_restore_;
  Sandboxes sandboxes_;
  Ahead ahead_;
  ImagePuller images_;
  const TaskRunner::Parts parts_;
  std::stop_source shutdown_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Order> orders_;  // at most one per attempt under way
  std::map<AttemptKey, std::unique_ptr<AttemptControl>> controls_;
  Janitor janitor_;
  std::vector<std::unique_ptr<WorkerThread>> threads_;
};

WorkerPool::WorkerPool(ContainerEngine& engine, EventSink& sink, const Clock& clock,
                       Settings settings)
    : impl_(std::make_unique<Impl>(engine, sink, clock, std::move(settings))) {}

WorkerPool::~WorkerPool() = default;

void WorkerPool::run(const RunAttempt& order, const LogPosition& resume_from) {
  impl_->run(order, resume_from);
}
void WorkerPool::prepare(const PrepareAttempt& order) { impl_->prepare(order); }
void WorkerPool::signal(const SignalAttempt& order) { impl_->signal(order); }
void WorkerPool::remove(const RemoveContainer& order) { impl_->remove(order); }
void WorkerPool::remove(const RemoveWorkspace& order) { impl_->remove(order); }
void WorkerPool::remove_leftover(RunId run) { impl_->remove_leftover(run); }
const std::string& WorkerPool::sandbox_image() const { return impl_->sandbox_image(); }
void WorkerPool::list_containers() { impl_->list_containers(); }
void WorkerPool::stop() { impl_->stop(); }

}  // namespace pawl
