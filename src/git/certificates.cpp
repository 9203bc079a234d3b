// libgit2 says no more than "the SSL certificate is invalid". It hands the certificate over, so what an
// operator needs (expired? another name? whose signature?) is read from it here.
//
// Names are checked once more although libgit2 does it: its check of addresses was inverted in upstream
// 1.9.0 (CVE-2026-53583), and a build need not have the distribution's patch.
#include "git/certificates.h"

#include <dirent.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace pawl {
namespace {

constexpr std::array<const char*, 3> kDirectories = {
    "/etc/ssl/certs",      // Debian, Arch, Alpine, openSUSE
    "/etc/pki/tls/certs",  // Fedora before 40, where hashed
    "/usr/lib/ssl/certs",
};
constexpr std::array<const char*, 6> kBundles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/var/lib/ca-certificates/ca-bundle.pem",             // openSUSE
    "/etc/ssl/cert.pem",                                  // Alpine
};
constexpr int kEntriesLooked = 2'000;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Certificate = std::unique_ptr<X509, FreeX509>;
using Bio = std::unique_ptr<BIO, FreeBio>;

// OpenSSL's name: eight hex digits, a dot, a number.
bool is_hashed_name(std::string_view name) {
  return name.size() >= 10 && name[8] == '.' &&
         name.substr(0, 8).find_first_not_of("0123456789abcdef") == std::string_view::npos &&
         name.substr(9).find_first_not_of("0123456789") == std::string_view::npos;
}

bool has_hashed_names(const char* path) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path));
  if (!directory) return false;
  for (int i = 0; i < kEntriesLooked; ++i) {
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) return false;
    if (is_hashed_name(entry->d_name)) return true;
  }
  return false;
}

Certificate parse(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  return Certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string name_text(const X509_NAME* name) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE) < 0) return "?";
  return text_of(bio.get());
}

std::string time_text(const ASN1_TIME* time) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || ASN1_TIME_print(bio.get(), time) != 1) return "?";
  return text_of(bio.get());
}

bool is_for_host(X509* certificate, const std::string& host) {
  // X509_check_ip_asc says -2 to what is no address.
  const int address = X509_check_ip_asc(certificate, host.c_str(), 0);
  if (address >= 0) return address == 1;
  return X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
}

}  // namespace

Result<CaLocation> find_ca_certificates() {
  for (const char* directory : kDirectories) {
    if (has_hashed_names(directory)) return CaLocation{{}, directory};
  }
  for (const char* file : kBundles) {
    if (::access(file, R_OK) == 0) return CaLocation{file, {}};
  }
  return Error{ErrorKind::kNotFound,
               "this host has no CA certificates to check the server's with: install the package "
               "ca-certificates, or set auth.ca_file",
               {}};
}

std::string check_certificate_name(std::string_view der, const std::string& host) {
  const Certificate certificate = parse(der);
  if (!certificate) return "the server's certificate cannot be read";
  if (is_for_host(certificate.get(), host)) return {};
  return "the server's certificate is not for '" + host + "' but for '" +
         name_text(X509_get_subject_name(certificate.get())) + "'";
}

std::string explain_certificate(std::string_view der, const std::string& host,
                                const std::string& trusted) {
  const Certificate certificate = parse(der);
  if (!certificate) return "the server's certificate cannot be read";
  const ASN1_TIME* until = X509_get0_notAfter(certificate.get());
  const ASN1_TIME* from = X509_get0_notBefore(certificate.get());
  if (X509_cmp_current_time(until) < 0) {
    return "the server's certificate expired on " + time_text(until);
  }
  if (X509_cmp_current_time(from) > 0) {
    return "the server's certificate is valid from " + time_text(from) +
           " only: is this host's clock right?";
  }
  if (std::string name = check_certificate_name(der, host); !name.empty()) return name;
  return "the server's certificate was issued by '" +
         name_text(X509_get_issuer_name(certificate.get())) + "', not vouched for by " + trusted +
         ": set auth.ca_file to that CA's certificate";
}

}  // namespace pawl
