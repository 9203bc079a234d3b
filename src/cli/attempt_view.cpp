#include "cli/attempt_view.h"

#include <array>
#include <cstdio>

#include "base/time.h"
#include "config/wording.h"

namespace pawl::cli {
namespace {

std::string decimal_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  std::string result = text.data();
  if (result.ends_with(".0")) result.resize(result.size() - 2);
  return result;
}

std::string seconds_text(std::int64_t ms) {
  constexpr std::int64_t kMinuteMs = 60'000;
  if (ms >= kMinuteMs) return format_duration(ms);
  return decimal_text(static_cast<double>(ms) / 1000) + " s";
}

void append_part(std::string& text, const std::string& part) {
  text += (text.empty() || part.empty() ? "" : ", ") + part;
}

std::string attempts_text(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " attempt" : " attempts");
}

std::string memory_reason(const Json& use) {
  std::string text = "peak " + size_text(use["peak_memory_bytes"].as_integer()) + " in " +
                     attempts_text(use["attempts"].as_integer());
  const std::int64_t ooms = use["ooms"].as_integer();
  return ooms == 0 ? text : text + ", " + std::to_string(ooms) + " out of memory";
}

std::string cpu_reason(const Json& use, bool is_more) {
  if (is_more) {
    return "throttled " + std::to_string(use["throttled_percent"].as_integer()) + "% of the time";
  }
  return "at most " + config::format_cpus(use["highest_cpus_milli"].as_integer()) + " used";
}

}  // namespace

std::string size_text(std::int64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  auto count = static_cast<double>(bytes);
  while (count >= 1024 && unit + 1 < kUnits.size()) {
    count /= 1024;
    ++unit;
  }
  return decimal_text(count) + " " + kUnits[unit];
}

std::string used_text(const Json& attempt) {
  const Json& usage = attempt["usage"];
  const std::int64_t peak_bytes = usage["peak_memory_bytes"].as_integer();
  const std::int64_t cpu_ms = usage["cpu_ms"].as_integer();
  const std::int64_t throttled_ms = usage["throttled_ms"].as_integer();
  std::string text;
  if (peak_bytes > 0) append_part(text, "peak " + size_text(peak_bytes));
  if (cpu_ms > 0) append_part(text, seconds_text(cpu_ms) + " CPU");
  if (throttled_ms > 0) append_part(text, "throttled " + seconds_text(throttled_ms));
  append_part(text, attempt["signal"].as_string());
  if (attempt["oom_killed"].as_bool()) append_part(text, "out of memory");
  return text;
}

std::string suggestion_text(const Json& task) {
  const Json& use = task["use"];
  const Json& suggested = task["suggested"];
  std::string text;
  if (const std::int64_t memory_bytes = suggested["memory_bytes"].as_integer(); memory_bytes > 0) {
    text += "memory: " + config::format_size(memory_bytes) + " (" + memory_reason(use) + "; cap " +
            config::format_size(task["memory_bytes"].as_integer()) + ")";
  }
  if (const std::int64_t cpus_milli = suggested["cpus_milli"].as_integer(); cpus_milli > 0) {
    const std::int64_t cap_milli = task["cpus_milli"].as_integer();
    append_part(text, "cpus: " + config::format_cpus(cpus_milli) + " (" +
                          cpu_reason(use, cpus_milli > cap_milli) + "; cap " +
                          config::format_cpus(cap_milli) + ")");
  }
  return text;
}

}  // namespace pawl::cli
