// Where the worker pool and the pullers put what happened. Any thread.
#pragma once

#include "model/event.h"
#include "model/log_chunk.h"

namespace pawl {

class EventSink {
 public:
  virtual ~EventSink() = default;
  // Both wait while the loop's queue is full, keep the caller's order, and return false once the
  // agent is shutting down (nothing was taken then). The loop stamps the event's times.
  virtual bool post(Event event) = 0;
  virtual bool post_log(LogChunk chunk) = 0;
};

}  // namespace pawl
