// Landlock, up to ABI 6 (Linux 6.12): which files may be read and written, which TCP ports connected to,
// no signals and no abstract sockets of other processes. Each kernel enforces what its ABI has.
//
// The constants are here because the build's kernel headers (Debian 12: 6.1) are older than the kernels
// that pawl runs on. They are the kernel's ABI (Documentation/userspace-api/landlock.rst).
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "git/sandbox.h"

namespace pawl {
namespace {

constexpr std::uint64_t kExecute = 1u << 0;
constexpr std::uint64_t kWriteFile = 1u << 1;
constexpr std::uint64_t kReadFile = 1u << 2;
constexpr std::uint64_t kReadDirectory = 1u << 3;
constexpr std::uint64_t kRemoveDirectory = 1u << 4;
constexpr std::uint64_t kRemoveFile = 1u << 5;
constexpr std::uint64_t kMakeDirectory = 1u << 7;
constexpr std::uint64_t kMakeRegular = 1u << 8;
constexpr std::uint64_t kRefer = 1u << 13;        // ABI 2
constexpr std::uint64_t kTruncate = 1u << 14;     // ABI 3
constexpr std::uint64_t kIoctlDevice = 1u << 15;  // ABI 5
constexpr std::uint64_t kAbi1Files = (1u << 13) - 1;

constexpr std::uint64_t kBindTcp = 1u << 0;               // ABI 4
constexpr std::uint64_t kConnectTcp = 1u << 1;            // ABI 4
constexpr std::uint64_t kScopeAbstractSockets = 1u << 0;  // ABI 6
constexpr std::uint64_t kScopeSignals = 1u << 1;          // ABI 6

constexpr unsigned kVersionFlag = 1;
constexpr unsigned kRulePathBeneath = 1;
constexpr unsigned kRuleNetPort = 2;

struct RulesetAttribute {
  std::uint64_t handled_files;
  std::uint64_t handled_network;
  std::uint64_t scoped;
};

struct __attribute__((packed)) PathAttribute {
  std::uint64_t allowed;
  std::int32_t parent_fd;
};

struct PortAttribute {
  std::uint64_t allowed;
  std::uint64_t port;
};

constexpr std::uint16_t kDnsPort = 53;

std::string reason(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

RulesetAttribute ruleset_for(long abi) {
  RulesetAttribute ruleset{kAbi1Files, 0, 0};
  if (abi >= 2) ruleset.handled_files |= kRefer;
  if (abi >= 3) ruleset.handled_files |= kTruncate;
  if (abi >= 4) ruleset.handled_network = kBindTcp | kConnectTcp;
  if (abi >= 5) ruleset.handled_files |= kIoctlDevice;
  if (abi >= 6) ruleset.scoped = kScopeAbstractSockets | kScopeSignals;
  return ruleset;
}

std::size_t ruleset_bytes(long abi) {
  if (abi >= 6) return sizeof(RulesetAttribute);
  return abi >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

bool allow_path(int ruleset, const std::string& path, std::uint64_t rights, std::uint64_t handled) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.is_open()) return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return false;
  // Rights that only a directory can have make a rule on a file invalid.
  if (!S_ISDIR(info.st_mode)) rights &= kReadFile | kWriteFile | kTruncate;
  const PathAttribute attribute{rights & handled, fd.get()};
  return ::syscall(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &attribute, 0) == 0;
}

bool allow_port(int ruleset, std::uint16_t port) {
  const PortAttribute attribute{kConnectTcp, port};
  return ::syscall(SYS_landlock_add_rule, ruleset, kRuleNetPort, &attribute, 0) == 0;
}

}  // namespace

std::string restrict_files(const SandboxPolicy& policy, std::string& description) {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
  if (abi < 1) return errno == EOPNOTSUPP ? "disabled at boot" : reason("this kernel has none");
  const RulesetAttribute attribute = ruleset_for(abi);
  const UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attribute, ruleset_bytes(abi), 0)));
  if (!ruleset.is_open()) return reason("create");

  constexpr std::uint64_t kRead = kReadFile | kReadDirectory;
  constexpr std::uint64_t kWrite = kRead | kWriteFile | kTruncate | kRemoveDirectory | kRemoveFile |
                                   kMakeDirectory | kMakeRegular | kRefer;
  static_assert((kWrite & kExecute) == 0);
  for (const std::string& path : policy.read_paths) {
    if (!allow_path(ruleset.get(), path, kRead, attribute.handled_files))
      return reason(path.c_str());
  }
  for (const std::string& path : policy.write_paths) {
    if (!allow_path(ruleset.get(), path, kWrite, attribute.handled_files))
      return reason(path.c_str());
  }
  if (attribute.handled_network != 0 && policy.network) {
    if (!allow_port(ruleset.get(), kDnsPort)) return reason("port");
    for (const std::uint16_t port : policy.connect_ports) {
      if (!allow_port(ruleset.get(), port)) return reason("port");
    }
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return reason("restrict");
  description = "landlock " + std::to_string(abi) + " (files";
  if (abi >= 4) description += ", ports";
  if (abi >= 6) description += ", signals";
  description += ")";
  return {};
}

}  // namespace pawl
