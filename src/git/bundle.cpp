// A format of our own, some 100 lines, rather than JSON: file contents are bytes of any kind, and a
// length before every text lets the reader refuse a size before it allocates.
#include "git/bundle.h"

#include <cstdint>

#include "base/digest.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::string_view kMagic = "PAWLPULL";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 8 + 4 + 8;
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kRevisionBytesMax = 64;
// Per file and per problem: lengths and numbers beside the texts.
constexpr std::size_t kRowOverheadBytes = 32;

constexpr std::uint8_t kFlagFailed = 1;
constexpr std::uint8_t kFlagCloneSound = 2;
constexpr std::uint8_t kFlagUnchanged = 4;
constexpr std::uint8_t kFlagsAll = 7;

class Writer {
 public:
  void number(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xff);
  }
  void text(std::string_view value) {
    number(value.size(), 4);
    bytes_ += value;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads until something does not fit; from then on everything is zero or empty and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number(std::size_t width) {
    if (bytes_.size() < width) return fail();
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(bytes_[i])} << (8 * i);
    }
    bytes_.remove_prefix(width);
    return value;
  }
  std::string text(std::size_t max_bytes) {
    const std::uint64_t size = number(4);
    if (size > max_bytes || size > bytes_.size()) {
      fail();
      return {};
    }
    std::string value(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return value;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return bytes_.empty(); }

 private:
  std::uint64_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

Error corrupt(std::string message) { return Error{ErrorKind::kCorrupt, std::move(message), {}}; }

bool is_revision(std::string_view text) {
  if (text.size() != 40 && text.size() != kRevisionBytesMax) return false;
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void write_error(Writer& out, const Error& error) {
  out.number(static_cast<std::uint8_t>(error.kind), 1);
  out.text(std::string_view(error.message).substr(0, limits::kMessageBytes));
  out.text(std::string_view(error.context).substr(0, limits::kMessageBytes));
}

bool read_error(Reader& in, Error& error) {
  const std::uint64_t kind = in.number(1);
  if (kind > static_cast<std::uint64_t>(ErrorKind::kInternal)) return false;
  error.kind = static_cast<ErrorKind>(kind);
  error.message = in.text(limits::kMessageBytes);
  error.context = in.text(limits::kMessageBytes);
  return in.ok();
}

void write_result(Writer& out, const PullResult& result) {
  out.text(result.revision);
  out.number(result.files.size(), 4);
  for (const PulledFile& file : result.files) {
    out.text(file.path);
    out.text(file.content);
  }
  out.number(result.problems.size(), 4);
  for (const Problem& problem : result.problems) {
    out.text(std::string_view(problem.file).substr(0, limits::kSourcePathBytes));
    out.number(problem.line, 4);
    out.number(problem.column, 4);
    out.text(std::string_view(problem.message).substr(0, limits::kMessageBytes));
  }
}

Result<void> read_files(Reader& in, std::vector<PulledFile>& files) {
  const std::uint64_t count = in.number(4);
  if (count > limits::kSourceFiles) return Error{ErrorKind::kTooLarge, "too many files", {}};
  std::size_t total = 0;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    PulledFile file;
    file.path = in.text(limits::kSourcePathBytes);
    file.content = in.text(limits::kPipelineFileBytes);
    total += file.content.size();
    if (total > limits::kSourceBytes) return Error{ErrorKind::kTooLarge, "too many bytes", {}};
    if (!in.ok()) break;
    if (!is_plain_relative_path(file.path) || (!files.empty() && files.back().path >= file.path)) {
      return corrupt("the pull's reply has file names that are not plain, sorted and unique");
    }
    files.push_back(std::move(file));
  }
  return {};
}

Result<void> read_problems(Reader& in, std::vector<Problem>& problems) {
  const std::uint64_t count = in.number(4);
  if (count > limits::kSourceProblems) return Error{ErrorKind::kTooLarge, "too many problems", {}};
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Problem problem;
    problem.file = in.text(limits::kSourcePathBytes);
    problem.line = static_cast<std::uint32_t>(in.number(4));
    problem.column = static_cast<std::uint32_t>(in.number(4));
    problem.message = in.text(limits::kMessageBytes);
    problems.push_back(std::move(problem));
  }
  return {};
}

Result<PullReply> decode_payload(std::string_view payload) {
  Reader in(payload);
  const std::uint64_t flags = in.number(1);
  if (flags > kFlagsAll) return corrupt("the pull's reply has unknown flags");
  PullReply reply;
  reply.failed = (flags & kFlagFailed) != 0;
  reply.clone_sound = (flags & kFlagCloneSound) != 0;
  if (reply.failed) {
    if (!read_error(in, reply.error)) return corrupt("the pull's reply has a torn error");
  } else {
    reply.result.unchanged = (flags & kFlagUnchanged) != 0;
    reply.result.revision = in.text(kRevisionBytesMax);
    PAWL_CHECK(read_files(in, reply.result.files));
    PAWL_CHECK(read_problems(in, reply.result.problems));
    if (!is_revision(reply.result.revision)) return corrupt("the pull's reply has no revision");
    if (reply.result.unchanged && (!reply.result.files.empty() || !reply.result.problems.empty())) {
      return corrupt("the pull's reply is unchanged and yet has files");
    }
  }
  if (!in.ok() || !in.at_end()) return corrupt("the pull's reply is torn");
  return reply;
}

}  // namespace

std::size_t bundle_bytes_max() {
  return kHeaderBytes + kDigestBytes + 64 + kRevisionBytesMax + limits::kSourceBytes +
         limits::kSourceFiles * (limits::kSourcePathBytes + kRowOverheadBytes) +
         limits::kSourceProblems *
             (limits::kSourcePathBytes + limits::kMessageBytes + kRowOverheadBytes);
}

std::string encode_bundle(const PullReply& reply) {
  Writer payload;
  payload.number((reply.failed ? kFlagFailed : 0) | (reply.clone_sound ? kFlagCloneSound : 0) |
                     (!reply.failed && reply.result.unchanged ? kFlagUnchanged : 0),
                 1);
  if (reply.failed) {
    write_error(payload, reply.error);
  } else {
    write_result(payload, reply.result);
  }
  const Sha256 digest = sha256(payload.bytes());
  Writer header;
  header.number(kVersion, 4);
  header.number(payload.bytes().size(), 8);
  std::string bytes(kMagic);
  bytes.reserve(kHeaderBytes + payload.bytes().size() + kDigestBytes);
  bytes += header.bytes();
  bytes += payload.bytes();
  bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return bytes;
}

Result<PullReply> decode_bundle(std::string_view bytes) {
  if (bytes.size() > bundle_bytes_max()) {
    return Error{ErrorKind::kTooLarge, "the pull's reply is too long", {}};
  }
  if (bytes.size() < kHeaderBytes + kDigestBytes || bytes.substr(0, kMagic.size()) != kMagic) {
    return corrupt("the pull's reply is no bundle");
  }
  Reader header(bytes.substr(kMagic.size(), kHeaderBytes - kMagic.size()));
  if (header.number(4) != kVersion) return corrupt("the pull's reply has an unknown version");
  const std::uint64_t payload_bytes = header.number(8);
  if (payload_bytes != bytes.size() - kHeaderBytes - kDigestBytes) {
    return corrupt("the pull's reply has another length than it says");
  }
  const std::string_view payload = bytes.substr(kHeaderBytes, payload_bytes);
  Sha256 digest;
  bytes.substr(kHeaderBytes + payload_bytes).copy(reinterpret_cast<char*>(digest.data()), 32);
  if (!digests_equal(digest, sha256(payload))) {
    return corrupt("the pull's reply does not match its checksum");
  }
  return decode_payload(payload);
}

bool is_plain_relative_path(std::string_view path) {
  if (path.empty() || path.size() > limits::kSourcePathBytes) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    for (char c : part) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    }
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace pawl
