#include "process/process_table.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>

#include "process/directory.h"

namespace pawl {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;

template <typename Number>
Number number_in(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::optional<ProcessEntry> parse_process(std::string_view stat) {
  // "PID (NAME) S PPID PGRP SESSION ...": the name may hold spaces and brackets, so from its last bracket on.
  const std::size_t bracket = stat.rfind(") ");
  if (bracket == std::string_view::npos) return std::nullopt;
  ProcessEntry entry;
  entry.pid = number_in<pid_t>(stat);
  std::vector<std::string_view> fields;
  std::string_view rest = stat.substr(bracket + 2);
  while (!rest.empty()) {
    const std::string_view field = rest.substr(0, rest.find(' '));
    fields.push_back(field);
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
  }
  // Field 3 of proc(5) is fields[0].
  constexpr std::size_t kFirst = 3;
  constexpr std::size_t kStartTime = 22;
  if (entry.pid <= 0 || fields.size() <= kStartTime - kFirst) return std::nullopt;
  entry.dead = fields[0] == "Z" || fields[0] == "X";
  entry.parent = number_in<pid_t>(fields[4 - kFirst]);
  entry.session = number_in<pid_t>(fields[6 - kFirst]);
  for (std::size_t field = 14; field <= 17; ++field) {  // utime, stime, cutime, cstime
    entry.cpu_ticks += number_in<std::int64_t>(fields[field - kFirst]);
  }
  entry.start_ticks = number_in<std::int64_t>(fields[kStartTime - kFirst]);
  return entry;
}

std::optional<ProcessEntry> process_of(pid_t pid) {
  return parse_process(read_kernel_text("/proc/" + std::to_string(pid) + "/stat"));
}

std::vector<ProcessEntry> all_processes() {
  std::vector<ProcessEntry> processes;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir("/proc"), ::closedir);
  if (!stream) return processes;
  while (const dirent* entry = ::readdir(stream.get())) {
    const auto pid = number_in<pid_t>(entry->d_name);
    if (pid <= 0) continue;
    if (const auto process = process_of(pid)) processes.push_back(*process);
  }
  return processes;
}

std::vector<pid_t> descendants_of(pid_t ancestor, const std::vector<ProcessEntry>& processes) {
  std::set<pid_t> family = {ancestor};
  std::vector<pid_t> found;
  for (bool grown = true; grown;) {
    grown = false;
    for (const ProcessEntry& process : processes) {
      if (!family.contains(process.parent) || !family.insert(process.pid).second) continue;
      found.push_back(process.pid);
      grown = true;
    }
  }
  return found;
}

ResourceUsage usage_of(pid_t pid) {
  ResourceUsage usage;
  const auto process = process_of(pid);
  if (!process) return usage;
  const std::int64_t ticks = std::max<std::int64_t>(::sysconf(_SC_CLK_TCK), 1);
  usage.cpu_ms = process->cpu_ticks * kMsPerSecond / ticks;
  const std::string status = read_kernel_text("/proc/" + std::to_string(pid) + "/status");
  constexpr std::string_view kPeak = "VmHWM:";
  const std::size_t peak = status.find(kPeak);
  if (peak != std::string::npos) {
    const std::size_t digits = status.find_first_of("0123456789", peak);
    if (digits != std::string::npos) {
      usage.peak_memory_bytes =
          number_in<std::int64_t>(std::string_view(status).substr(digits)) * 1024;
    }
  }
  return usage;
}

std::string boot_id() {
  std::string text = read_kernel_text("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace pawl
