#include "contract/engine/certificates.h"

#include <fstream>

#include "contract/engine/child.h"

namespace pawl {

TestCa::TestCa(const TempDirectory& directory, const std::string& name)
    : directory_(directory / name), file_(directory_ + "/ca.pem"), key_(directory_ + "/ca.key") {
  std::filesystem::create_directory(directory_);
  run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name, "-days", "2",
               "-keyout", key_, "-out", file_});
}

TestCa::Pair TestCa::request(const std::string& base, const std::string& names) const {
  const Pair pair{base + ".pem", base + ".key"};
  run_program({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
               "-nodes", "-subj", "/CN=test", "-keyout", pair.key, "-out", base + ".csr"});
  std::ofstream(base + ".ext") << "subjectAltName=" << names << "\n";
  return pair;
}

TestCa::Pair TestCa::issue(const std::string& name, const std::string& names) const {
  const std::string base = directory_ + "/" + name;
  Pair pair = request(base, names);
  run_program({"openssl", "x509", "-req", "-in", base + ".csr", "-CA", file_, "-CAkey", key_,
               "-CAcreateserial", "-days", "2", "-extfile", base + ".ext", "-out",
               pair.certificate});
  return pair;
}

TestCa::Pair TestCa::issue_expired(const std::string& name, const std::string& names) const {
  const std::string base = directory_ + "/" + name;
  Pair pair = request(base, names);
  std::ofstream(base + ".index").flush();
  std::ofstream(base + ".serial") << "1000\n";
  std::ofstream(base + ".cnf") << "[ca]\ndefault_ca = it\n[it]\ndatabase = " << base
                               << ".index\nserial = " << base
                               << ".serial\nnew_certs_dir = " << directory_
                               << "\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = "
                                  "supplied\n";
  run_program({"openssl",    "ca",
               "-batch",     "-notext",
               "-config",    base + ".cnf",
               "-cert",      file_,
               "-keyfile",   key_,
               "-in",        base + ".csr",
               "-extfile",   base + ".ext",
               "-startdate", "20200101000000Z",
               "-enddate",   "20210101000000Z",
               "-out",       pair.certificate});
  return pair;
}

}  // namespace pawl
