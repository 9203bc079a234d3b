// A seccomp filter that refuses what reading a repository never needs: other programs and processes,
// other processes' memory, the kernel's rarely used and often broken corners, and sockets beyond IP.
//
// A list of what is refused and not of what is allowed: glibc, OpenSSL and libgit2 change what they call
// from one version to the next, and a pull that breaks on a new kernel is worse than a call too many
// inside Landlock and without capabilities. Refused calls fail with EPERM; clone3 with ENOSYS, as its
// callers fall back then. BPF is written by hand: libseccomp would be one more dependency for 60 lines.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <initializer_list>

#include "git/sandbox.h"

namespace pawl {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

constexpr std::uint32_t kX32Bit = 0x40000000;

// Numbers that older headers lack; the same on every architecture since 2019.
constexpr long kCallsSince2019[] = {
    424,  // pidfd_send_signal
    425,  // io_uring_setup
    426,  // io_uring_enter
    427,  // io_uring_register
    428,  // open_tree
    429,  // move_mount
    430,  // fsopen
    431,  // fsconfig
    432,  // fsmount
    433,  // fspick
    434,  // pidfd_open
    438,  // pidfd_getfd
    440,  // process_madvise
    442,  // mount_setattr
    443,  // quotactl_fd
    448,  // process_mrelease
};

constexpr long kRefusedCalls[] = {
    // other programs and processes
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_unshare,
    SYS_setns,
    SYS_personality,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
    // the system
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_swapon,
    SYS_swapoff,
    SYS_reboot,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_vhangup,
#ifdef SYS_iopl
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
    // the kernel's corners
    SYS_bpf,
    SYS_perf_event_open,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_userfaultfd,
    SYS_fanotify_init,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_io_setup,
    SYS_io_submit,
    SYS_shmget,
    SYS_shmat,
    SYS_semget,
    SYS_msgget,
    SYS_mq_open,
    SYS_lookup_dcookie,
    // other identities, device files, serving
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_mknodat,
    SYS_fchownat,
    SYS_setxattr,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_socketpair,
#ifdef SYS_mknod
    SYS_mknod,
    SYS_chown,
    SYS_lchown,
#endif
    SYS_fchown,
    SYS_lsetxattr,
    SYS_fsetxattr,
};

constexpr std::uint32_t kNumberOffset = offsetof(seccomp_data, nr);
constexpr std::uint32_t kArchitectureOffset = offsetof(seccomp_data, arch);
// The low half of the first argument; all that is compared here are 32-bit values.
constexpr std::uint32_t kFirstArgumentOffset = offsetof(seccomp_data, args);
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half comes first");

class Program {
 public:
  void load(std::uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0); }
  void give(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict, 0, 0); }
  void refuse(int code) { give(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(code)); }
  void allow() { give(SECCOMP_RET_ALLOW); }
  // The next `skipped` instructions run only if the loaded value is equal (or is not).
  void when_equal(std::uint32_t value, std::uint8_t skipped) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped);
  }
  void unless_equal(std::uint32_t value, std::uint8_t skipped) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, skipped, 0);
  }
  void when_any_bit(std::uint32_t mask, std::uint8_t skipped) {
    add(BPF_JMP | BPF_JSET | BPF_K, mask, 0, skipped);
  }
  [[nodiscard]] std::vector<sock_filter>& filters() { return filters_; }

 private:
  void add(unsigned code, std::uint32_t value, std::uint8_t if_true, std::uint8_t if_false) {
    filters_.push_back(sock_filter{static_cast<std::uint16_t>(code), if_true, if_false, value});
  }
  std::vector<sock_filter> filters_;
};

std::uint32_t number(long call) { return static_cast<std::uint32_t>(call); }

void refuse_listed(Program& program) {
  for (const long call : kRefusedCalls) {
    program.when_equal(number(call), 1);
    program.refuse(EPERM);
  }
  for (const long call : kCallsSince2019) {
    program.when_equal(number(call), 1);
    program.refuse(EPERM);
  }
  // Threads and processes alike: the pull has one thread.
  program.when_equal(number(SYS_clone), 1);
  program.refuse(EPERM);
  constexpr long kClone3 = 435;
  program.when_equal(number(kClone3), 1);
  program.refuse(ENOSYS);
}

// abort() signals itself; nobody else is to be signalled.
void allow_own_signals(Program& program) {
  for (const long call : {SYS_kill, SYS_tgkill}) {
    program.when_equal(number(call), 4);
    program.load(kFirstArgumentOffset);
    program.when_equal(static_cast<std::uint32_t>(::getpid()), 1);
    program.allow();
    program.refuse(EPERM);
  }
}

// IP for the remote and DNS, netlink for getaddrinfo; no Unix sockets (an engine's, a bus's).
void filter_sockets(Program& program, bool network) {
  if (!network) {
    program.when_equal(number(SYS_socket), 1);
    program.refuse(EAFNOSUPPORT);
    return;
  }
  program.when_equal(number(SYS_socket), 8);
  program.load(kFirstArgumentOffset);
  for (const int family : {AF_INET, AF_INET6, AF_NETLINK}) {
    program.when_equal(static_cast<std::uint32_t>(family), 1);
    program.allow();
  }
  program.refuse(EAFNOSUPPORT);
}

}  // namespace

std::string filter_system_calls(bool network) {
  if (kArchitecture == 0) return "no filter for this architecture";
  Program program;
  // Another architecture's calls have other numbers: none of them.
  program.load(kArchitectureOffset);
  program.unless_equal(kArchitecture, 1);
  program.give(SECCOMP_RET_KILL_PROCESS);
  program.load(kNumberOffset);
#if defined(__x86_64__)
  program.when_any_bit(kX32Bit, 1);
  program.refuse(ENOSYS);
#endif
  refuse_listed(program);
  allow_own_signals(program);
  filter_sockets(program, network);
  program.allow();
  sock_fprog filter{static_cast<unsigned short>(program.filters().size()),
                    program.filters().data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) {
    return std::string("prctl: ") + std::strerror(errno);
  }
  return {};
}

}  // namespace pawl
