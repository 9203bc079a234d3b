#include "docker/executable_archive.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "docker/file_body.h"
#include "docker/tar_header.h"

namespace pawl {
namespace {

constexpr std::uint64_t kTarFileMax = (std::uint64_t{1} << 33) - 1;

std::size_t take_from(std::string& text, char* bytes, std::size_t size) {
  const std::size_t taken = std::min(size, text.size());
  std::memcpy(bytes, text.data(), taken);
  text.erase(0, taken);
  return taken;
}

}  // namespace

Result<ExecutableArchive> ExecutableArchive::open(const std::string& executable) {
  PAWL_TRY(RegularFile file, open_regular_file(executable));
  if (file.bytes > kTarFileMax) {
    return Error{ErrorKind::kInvalid, "is too large to make an image of", executable};
  }
  return ExecutableArchive(std::move(file.fd), file.bytes);
}

ExecutableArchive::ExecutableArchive(UniqueFd file, std::uint64_t file_bytes)
    : file_(std::move(file)),
      left_(file_bytes),
      head_(tar_header({"workspace/", 01777, 0, true}) +
            tar_header({"pawl", 0755, file_bytes, false})),
      tail_((kTarBlockBytes - file_bytes % kTarBlockBytes) % kTarBlockBytes + kTarEndBytes, '\0') {}

Result<std::size_t> ExecutableArchive::read(char* bytes, std::size_t size) {
  if (!head_.empty()) return take_from(head_, bytes, size);
  if (left_ == 0) return take_from(tail_, bytes, size);
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
  ssize_t given = 0;
  do {
    given = ::read(file_.get(), bytes, wanted);
  } while (given < 0 && errno == EINTR);
  if (given <= 0) return Error{ErrorKind::kCorrupt, "the executable became shorter", {}};
  left_ -= static_cast<std::uint64_t>(given);
  return static_cast<std::size_t>(given);
}

}  // namespace pawl
