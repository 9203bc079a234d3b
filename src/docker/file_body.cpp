#include "docker/file_body.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pawl {

Result<RegularFile> open_regular_file(const std::string& path) {
  RegularFile file{UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), 0};
  if (!file.fd.is_open()) {
    const int code = errno;
    const bool missing = code == ENOENT || code == ENOTDIR;
    return Error{missing ? ErrorKind::kNotFound : ErrorKind::kDenied,
                 std::string("cannot be read: ") + std::strerror(code), path};
  }
  struct stat status {};
  if (::fstat(file.fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return Error{ErrorKind::kInvalid, "is no regular file", path};
  }
  file.bytes = static_cast<std::uint64_t>(status.st_size);
  return file;
}

Result<std::size_t> FileBody::read(char* bytes, std::size_t size) {
  while (true) {
    const ssize_t given = ::read(file_.fd.get(), bytes, size);
    if (given >= 0) return static_cast<std::size_t>(given);
    if (errno != EINTR) {
      return Error{ErrorKind::kInvalid, std::string("cannot be read: ") + std::strerror(errno), {}};
    }
  }
}

}  // namespace pawl
