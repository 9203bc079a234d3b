#include "exec/run_names.h"

#include <charconv>

namespace pawl {
namespace {

constexpr std::string_view kSandbox = "-sandbox";
constexpr std::string_view kWarm = "warm-";

std::string prefix(const std::string& instance_id) { return "pawl-" + instance_id + "-"; }

}  // namespace

std::string workspace_name(const std::string& instance_id, RunId run) {
  return prefix(instance_id) + run.text();
}

std::string sandbox_name(const std::string& instance_id, RunId run) {
  return workspace_name(instance_id, run) + std::string(kSandbox);
}

std::optional<RunId> run_of_sandbox(const std::string& instance_id, std::string_view name) {
  const std::string start = prefix(instance_id);
  if (!name.starts_with(start)) return std::nullopt;
  name.remove_prefix(start.size());
  RunId run;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), run.value);
  if (code != std::errc{}) return std::nullopt;
  const std::string_view rest = name.substr(static_cast<std::size_t>(end - name.data()));
  const bool is_one = rest == kSandbox || rest.starts_with(std::string(kSandbox) + "-");
  return is_one ? std::optional(run) : std::nullopt;
}

std::string warm_name(const std::string& instance_id, const std::string& token) {
  return prefix(instance_id) + std::string(kWarm) + token;
}

bool is_warm_name(const std::string& instance_id, std::string_view name) {
  return name.starts_with(prefix(instance_id) + std::string(kWarm));
}

}  // namespace pawl
