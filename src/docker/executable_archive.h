// A root file system with one program in it, as a tar archive that is read bit by bit: what an image is imported from.
//
//   workspace/   01777, empty
//   pawl         0755, the executable
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "docker/http_connection.h"

namespace pawl {

class ExecutableArchive : public BodySource {
 public:
  // Errors: kNotFound, kDenied, kInvalid (no regular file, or over 8 GiB); the context is the path.
  [[nodiscard]] static Result<ExecutableArchive> open(const std::string& executable);

  // kCorrupt: the file became shorter meanwhile.
  [[nodiscard]] Result<std::size_t> read(char* bytes, std::size_t size) override;

 private:
  ExecutableArchive(UniqueFd file, std::uint64_t file_bytes);

  UniqueFd file_;
  std::uint64_t left_ = 0;  // of the file
  std::string head_;        // before the file,
  std::string tail_;        // and after it: what is still to be read
};

}  // namespace pawl
