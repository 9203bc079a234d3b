// Takes Docker's multiplexed log stream apart (Engine API, "Attach to a
// container", stream format): frames of an 8-byte header (stream, three zero
// bytes, big-endian length) and a payload that, with timestamps=1, starts with
// an RFC 3339 time and a space.
//
// Bytes may be split anywhere across reads. Memory is bounded whatever the
// other side sends: one record of limits::kLogLineBytes and one header. A
// value; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/limits.h"
#include "model/log_chunk.h"
#include "ports/container_engine.h"

namespace pawl {

class LogDemultiplexer {
 public:
  // Gives every record completed by `bytes` to the sink. A payload over
  // limits::kLogLineBytes comes as several records of that size with the same
  // time; an empty one as none. Errors: kCancelled (the sink wants no more),
  // kCorrupt (no log stream, or the engine says in it that it cannot read on).
  // After an error the object is of no further use.
  [[nodiscard]] Result<void> feed(std::string_view bytes, LogSink& sink);

  // True between two frames: a stream that ends elsewhere was cut off.
  [[nodiscard]] bool at_frame_border() const { return header_size_ == 0; }

 private:
  [[nodiscard]] Result<void> start_frame();
  [[nodiscard]] Result<void> end_frame(LogSink& sink);
  [[nodiscard]] Result<void> take_payload(std::string_view bytes, LogSink& sink);
  [[nodiscard]] Result<void> take_time(std::string_view& bytes);
  [[nodiscard]] Result<void> emit(LogSink& sink);

  std::array<unsigned char, 8> header_{};
  std::size_t header_size_ = 0;  // bytes of it that have come
  std::size_t remaining_ = 0;    // bytes of the payload still to come
  bool is_engine_error_ = false;
  LogStream stream_ = LogStream::kStdout;
  std::string time_text_;
  std::optional<std::int64_t> time_ns_;
  std::string text_;
};

// RFC 3339 with up to nine digits of a second, to nanoseconds since the epoch;
// 1970 to 2262.
[[nodiscard]] std::optional<std::int64_t> parse_rfc3339_ns(std::string_view text);

}  // namespace pawl
