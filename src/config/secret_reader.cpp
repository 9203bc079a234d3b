#include "config/secret_reader.h"

#include <algorithm>
#include <array>

#include "config/names.h"
#include "config/pipeline_keys.h"
#include "config/variables_reader.h"
#include "config/wording.h"
#include "model/paths.h"

namespace pawl::config {
namespace {

constexpr std::string_view kSecretsFolder = "/run/secrets/";
constexpr std::array<std::string_view, 3> kKernelFolders = {"/proc", "/sys", "/dev"};
// What pawl itself puts into a container.
constexpr std::array<std::string_view, 3> kTaken = {"/workspace", "/tmp", "/run/pawl/output"};

bool check_name(const std::string& name, Place place, ValueReader& values) {
  if (is_secret_name(name)) return true;
  values.add(place, quoted(name) + " is not a secret's name: a file name of A-Z a-z 0-9 . _ -");
  return false;
}

bool check_file(const std::string& file, Place place, ValueReader& values) {
  if (!is_plain_path(file)) {
    values.add(place,
               quoted(file) + " is not a file's absolute path without \".\", \"..\" and \"//\"");
    return false;
  }
  for (std::string_view folder : kKernelFolders) {
    if (!is_within(file, folder)) continue;
    values.add(place, "a secret cannot be a file in " + std::string(folder) +
                          ", which is the kernel's; use such as /run/secrets/NAME");
    return false;
  }
  for (std::string_view path : kTaken) {
    if (file != path) continue;
    values.add(place, quoted(file) + " is pawl's own; use such as /run/secrets/NAME");
    return false;
  }
  return true;
}

std::optional<SecretUse> read_long_form(ValueReader& values, const YamlNode& node) {
  MappingReader mapping(values, node, kSecretKeys, "a secret");
  if (node.kind != YamlNode::Kind::kMapping) return std::nullopt;
  SecretUse use;
  mapping.require("name");
  auto name = mapping.filled_text("name", limits::kTitleBytes);
  auto file = mapping.filled_text("file", limits::kPathBytes);
  auto env = mapping.filled_text("env", limits::kValueBytes);
  if (mapping.find("file") != nullptr && mapping.find("env") != nullptr) {
    values.add(mapping.place_of_key("env"),
               "a secret is a 'file' or a variable ('env'), not both; list it twice for both");
    return std::nullopt;
  }
  bool is_right = name && check_name(*name, mapping.place_of("name"), values);
  if (file) is_right = check_file(*file, mapping.place_of("file"), values) && is_right;
  if (env) is_right = check_variable_name(*env, mapping.place_of("env"), values) && is_right;
  if (!is_right) return std::nullopt;
  use.name = std::move(*name);
  if (env) {
    use.env = std::move(*env);
  } else {
    use.file = file ? std::move(*file) : std::string(kSecretsFolder) + use.name;
  }
  return use;
}

std::optional<SecretUse> read_use(ValueReader& values, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar) return read_long_form(values, node);
  auto name = values.filled_text(node, "a secret", limits::kTitleBytes);
  if (!name || !check_name(*name, node.place, values)) return std::nullopt;
  return SecretUse{*name, std::string(kSecretsFolder) + *name, {}};
}

// What keeps `use` from standing beside `other`; empty: nothing.
std::string conflict(const SecretUse& use, const SecretUse& other) {
  if (!use.env.empty()) {
    return use.env == other.env ? "variable " + quoted(use.env) + " is given twice" : "";
  }
  if (other.file.empty()) return "";
  if (use.file == other.file) return "file " + quoted(use.file) + " is given twice";
  if (!is_within(use.file, other.file) && !is_within(other.file, use.file)) return "";
  return "of the files " + quoted(other.file) + " and " + quoted(use.file) +
         " one would be the other's folder";
}

}  // namespace

std::vector<SecretUse> read_secret_uses(MappingReader& task) {
  std::vector<SecretUse> result;
  for (const YamlNode* node : task.items("secrets", limits::kSecretUses)) {
    auto use = read_use(task.values(), *node);
    if (!use) continue;
    std::string problem;
    for (const SecretUse& other : result) {
      if (problem.empty()) problem = conflict(*use, other);
    }
    if (problem.empty()) {
      result.push_back(std::move(*use));
    } else {
      task.values().add(node->place, std::move(problem));
    }
  }
  return result;
}

}  // namespace pawl::config
