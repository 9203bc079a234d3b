#include "agent/secrets.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "model/limits.h"
#include "support/temp_directory.h"

using namespace pawl;

TEST_CASE("a secret as it is, and as one line of text") {
  TempDirectory directory;
  std::ofstream(directory / "key") << "a\nb\r\n\n";
  CHECK(*read_secret(directory.path(), "key") == "a\nb\r\n\n");
  CHECK(*read_secret_line(directory.path(), "key") == "a\nb");
}

TEST_CASE("what is no secret says why and where") {
  TempDirectory directory;
  std::ofstream(directory / "empty").flush();
  std::ofstream(directory / "newline") << "\n";
  std::ofstream(directory / "large") << std::string(limits::kSecretBytes + 1, 'x');
  std::filesystem::create_directory(directory / "directory");
  struct Row {
    const char* name;
    ErrorKind kind;
  };
  for (const Row& row : {Row{"none", ErrorKind::kNotFound}, Row{"empty", ErrorKind::kInvalid},
                         Row{"newline", ErrorKind::kInvalid}, Row{"large", ErrorKind::kTooLarge},
                         Row{"directory", ErrorKind::kInvalid}}) {
    CAPTURE(row.name);
    const auto secret = read_secret_line(directory.path(), row.name);
    REQUIRE_FALSE(secret);
    CHECK(secret.error().kind == row.kind);
    CHECK(secret.error().context == directory / row.name);
  }
  for (const char* name : {"", "..", "../key", "a/b", "/etc/passwd"}) {
    CAPTURE(name);
    CHECK(read_secret(directory.path(), name).error().kind == ErrorKind::kInvalid);
  }
}
