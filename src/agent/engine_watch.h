// Looks now and then whether the container engine answers, for the status that people see.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "agent/published.h"
#include "ports/container_engine.h"

namespace pawl {

class EngineWatch {
 public:
  EngineWatch(ContainerEngine& engine, Published& published);
  ~EngineWatch();
  void start();
  void stop();

 private:
  void run();

  ContainerEngine& engine_;
  Published& published_;
  std::mutex mutex_;
  std::condition_variable stop_requested_;
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace pawl
