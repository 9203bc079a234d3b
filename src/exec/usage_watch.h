// What one attempt's container uses, looked at now and then while it runs: often at first, since most tasks are short,
// then seldom. One thread, which is the one that follows the log: a look takes the engine some milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "model/run.h"
#include "ports/clock.h"
#include "ports/container_engine.h"

namespace pawl {

class UsageWatch {
 public:
  // Both must outlive the object.
  UsageWatch(ContainerEngine& engine, const Clock& clock) : engine_(engine), clock_(clock) {}

  // When to look first at a container that has been started just now.
  [[nodiscard]] MonoTime first() const { return clock_.mono().plus_ms(limits::kUsageFirstMs); }
  // Looks; returns when to look next. One that fails changes nothing.
  [[nodiscard]] MonoTime look(const std::string& container, const std::stop_token& stop);

  // The highest of each number; nothing: there was no look.
  [[nodiscard]] const std::optional<ResourceUsage>& highest() const { return highest_; }

 private:
  ContainerEngine& engine_;
  const Clock& clock_;
  std::uint32_t looks_ = 0;
  std::optional<ResourceUsage> highest_;
};

}  // namespace pawl
