// Certificates for tests, made by the openssl program.
#pragma once

#include <string>

#include "support/temp_directory.h"

namespace pawl {

class TestCa {
 public:
  TestCa(const TempDirectory& directory, const std::string& name);

  struct Pair {
    std::string certificate;  // files, PEM
    std::string key;
  };
  [[nodiscard]] const std::string& file() const { return file_; }
  // `names`: of its subjectAltName, "DNS:localhost,IP:127.0.0.1"; `name` is that of its files.
  [[nodiscard]] Pair issue(const std::string& name, const std::string& names) const;
  // One that was in force in 2020.
  [[nodiscard]] Pair issue_expired(const std::string& name, const std::string& names) const;

 private:
  [[nodiscard]] Pair request(const std::string& base, const std::string& names) const;

  std::string directory_;
  std::string file_;
  std::string key_;
};

}  // namespace pawl
