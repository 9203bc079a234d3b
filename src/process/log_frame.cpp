#include "process/log_frame.h"

#include <algorithm>
#include <cstring>

#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::size_t kSumOffset = 4;
constexpr std::size_t kSummedOffset = 8;
constexpr std::size_t kStreamOffset = 16;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are written as they are");

std::uint32_t checksum(std::string_view bytes) {
  std::uint32_t sum = 2166136261u;
  for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 16777619u;
  return sum;
}

template <typename Number>
Number number_at(std::string_view bytes, std::size_t offset) {
  Number number{};
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

}  // namespace

void append_frame(std::string& bytes, LogStream stream, std::int64_t time_ns,
                  std::string_view text) {
  const std::size_t start = bytes.size();
  const auto length = static_cast<std::uint32_t>(text.size());
  bytes.resize(start + kFrameHeadBytes);
  char* head = bytes.data() + start;
  std::memcpy(head, &length, sizeof length);
  std::memcpy(head + kSummedOffset, &time_ns, sizeof time_ns);
  head[kStreamOffset] = static_cast<char>(stream);
  bytes.append(text);
  const std::uint32_t sum = checksum(std::string_view(bytes).substr(start + kSummedOffset));
  std::memcpy(bytes.data() + start + kSumOffset, &sum, sizeof sum);
}

FrameRead read_frame(std::string_view bytes, LogRecord& record, std::size_t& used) {
  if (bytes.size() < kFrameHeadBytes) return FrameRead::kPartial;
  const std::size_t length = number_at<std::uint32_t>(bytes, 0);
  // No text is empty: a hole of zero bytes, as a power cut leaves it, is no frame.
  if (length == 0 || length > limits::kLogLineBytes) return FrameRead::kDamaged;
  if (bytes.size() < kFrameHeadBytes + length) return FrameRead::kPartial;
  const std::string_view summed =
      bytes.substr(kSummedOffset, kFrameHeadBytes - kSummedOffset + length);
  if (checksum(summed) != number_at<std::uint32_t>(bytes, kSumOffset)) return FrameRead::kDamaged;
  const auto stream = static_cast<LogStream>(bytes[kStreamOffset]);
  if (stream != LogStream::kStdout && stream != LogStream::kStderr) return FrameRead::kDamaged;
  record.stream = stream;
  record.time_ns = number_at<std::int64_t>(bytes, kSummedOffset);
  record.text.assign(bytes.substr(kFrameHeadBytes, length));
  used = kFrameHeadBytes + length;
  return FrameRead::kWhole;
}

std::size_t LineSplitter::step(std::string_view bytes) const {
  const std::size_t room = std::min(limits::kLogLineBytes - held_.size(), bytes.size());
  const std::size_t newline = bytes.substr(0, room).find('\n');
  return newline == std::string_view::npos ? room : newline + 1;
}

bool LineSplitter::is_done() const {
  return held_.size() == limits::kLogLineBytes || held_.ends_with('\n');
}

}  // namespace pawl
