// Those who ask the agent for something: senders of webhooks, people, and whoever tries a run again,
// cancels or suspends. They repeat a request until it is answered, for a crash swallows both.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/command.h"
#include "model/event.h"
#include "sim/life.h"
#include "sim/model_store.h"

namespace pawl::sim {

class Clients {
 public:
  Clients(Life& life, const ModelStore& store, const std::vector<std::string>& names)
      : life_(life), store_(store), names_(names) {}

  // Perhaps somebody new asks; perhaps who has no answer yet asks again.
  void ask(std::deque<Event>& events);
  // Many people want a run of that pipeline at once.
  void flood(const std::string& pipeline, std::size_t count);
  void suspend(const std::string& pipeline, bool suspend);
  void on_reply(const Reply& reply);
  // When somebody asks next, in true time.
  [[nodiscard]] std::optional<std::int64_t> next_ask() const;
  [[nodiscard]] bool all_answered() const { return waiting_.empty(); }
  void check_end();

 private:
  struct Client {
    Event request;
    std::map<std::string, RunId> answers;  // the run that was promised, by pipeline
    bool refused = false;
  };
  void add(Event event);
  void add_someone();
  void add_trigger();
  void add_retry();
  void add_cancel();
  [[nodiscard]] static std::vector<TriggerTarget> targets_of(const Event& event);

  Life& life_;
  const ModelStore& store_;
  const std::vector<std::string>& names_;
  std::map<RequestId, Client> clients_;
  std::map<RequestId, std::int64_t> waiting_;  // when it asks (again), in true time
  RequestId last_request_ = 0;
};

}  // namespace pawl::sim
