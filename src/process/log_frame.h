// A task's output as bytes on disk: frames, one a record, each with a checksum, so that a write that was cut short
// (a killed supervisor, a full disk, a power cut) ends the log and is never taken for output. Pure.
//
//   u32 length of the text | u32 checksum of all that follows | i64 time_ns | u8 stream | text        little-endian
//
// The checksum is FNV-1a: it is against torn writes, not against people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/log_chunk.h"

namespace pawl {

inline constexpr std::size_t kFrameHeadBytes = 17;

void append_frame(std::string& bytes, LogStream stream, std::int64_t time_ns,
                  std::string_view text);

enum class FrameRead : std::uint8_t {
  kWhole,    // `record` is set, and `used` bytes are done with
  kPartial,  // the bytes end within a frame: more may come
  kDamaged,  // this is no frame, nor is what follows
};

[[nodiscard]] FrameRead read_frame(std::string_view bytes, LogRecord& record, std::size_t& used);

// Cuts one stream into records as Docker does: lines, and of a longer one parts of limits::kLogLineBytes. Only what
// has its newline or is full is given out; the rest at the stream's end.
class LineSplitter {
 public:
  template <typename Take>
  void add(std::string_view bytes, const Take& take) {
    while (!bytes.empty()) {
      const std::size_t count = step(bytes);
      held_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      if (is_done()) flush(take);
    }
  }
  template <typename Take>
  void flush(const Take& take) {
    if (!held_.empty()) take(std::string_view(held_));
    held_.clear();
  }

 private:
  [[nodiscard]] std::size_t step(std::string_view bytes) const;
  [[nodiscard]] bool is_done() const;

  std::string held_;
};

}  // namespace pawl
