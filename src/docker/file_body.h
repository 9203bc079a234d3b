// A file of this host as a request's body, read bit by bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "docker/http_connection.h"

namespace pawl {

struct RegularFile {
  UniqueFd fd;
  std::uint64_t bytes = 0;
};

// Errors: kNotFound, kDenied, kInvalid (no regular file); the context is the path. Never waits, as for a FIFO's writer.
[[nodiscard]] Result<RegularFile> open_regular_file(const std::string& path);

class FileBody : public BodySource {
 public:
  // To its end, wherever that is by then.
  explicit FileBody(RegularFile file) : file_(std::move(file)) {}
  // kInvalid: the file cannot be read.
  [[nodiscard]] Result<std::size_t> read(char* bytes, std::size_t size) override;

 private:
  RegularFile file_;
};

}  // namespace pawl
