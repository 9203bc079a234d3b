#include "config/command_reader.h"

#include <algorithm>
#include <array>

#include "config/wording.h"

namespace pawl::config {
namespace {

constexpr std::array<std::string_view, 6> kShells = {"sh", "bash", "ash", "dash", "zsh", "ksh"};

// A program that is an expression may turn out to be one.
bool may_be_shell(std::string_view argument) {
  const std::string_view base = argument.substr(argument.rfind('/') + 1);  // npos + 1 == 0
  return std::find(kShells.begin(), kShells.end(), base) != kShells.end();
}

// The index of the text that a shell at `shell` runs (-c, -ec, -euo pipefail -c, ...); else argv's size.
std::size_t find_shell_text(const std::vector<std::string>& argv, std::size_t shell) {
  bool runs_text = false;
  bool takes_value = false;
  for (std::size_t i = shell + 1; i < argv.size(); ++i) {
    const std::string& argument = argv[i];
    const bool is_option =
        argument.size() > 1 && (argument.front() == '-' || argument.front() == '+');
    if (!is_option && takes_value) {
      takes_value = false;
    } else if (!is_option) {
      return runs_text ? i : argv.size();
    } else if (!argument.starts_with("--")) {
      runs_text = runs_text || argument.find('c') != std::string::npos;
      takes_value = argument.find_first_of("oO") != std::string::npos;
    }
  }
  return argv.size();
}

// Also behind "env", "busybox" and the like: any argument that is a shell's name counts.
// False, with a problem, where such a text has an expression.
bool check_shell_text(const Command& command, ValueReader& values) {
  for (std::size_t i = 0; i < command.argv.size(); ++i) {
    const bool is_unknown = i == 0 && command.argv[i].find("${{") != std::string::npos;
    if (!is_unknown && !may_be_shell(command.argv[i])) continue;
    const std::size_t text = find_shell_text(command.argv, i);
    if (text == command.argv.size()) continue;
    if (!values.has_no_expression(*command.items[text], "the text that the shell runs",
                                  Expressions::kShell)) {
      return false;
    }
  }
  return true;
}

Command read_list(ValueReader& values, const YamlNode& node) {
  Command command;
  if (node.items.empty()) {
    values.add(node.place, "'command' is an empty list; leave it out to run the image's own");
  }
  for (const YamlNode* item : node.items) {
    // Arguments may be empty, the program may not.
    auto text = command.argv.empty() ? values.filled_text(*item, "the program in 'command'",
                                                          limits::kPathBytes, Expressions::kTaken)
                                     : values.text(*item, "an item of 'command'",
                                                   limits::kValueBytes, Expressions::kTaken);
    if (!text) return {};
    command.argv.push_back(std::move(*text));
    command.items.push_back(item);
  }
  if (!check_shell_text(command, values)) return {};
  return command;
}

}  // namespace

Command read_command(MappingReader& task) {
  ValueReader& values = task.values();
  const YamlNode* command = task.find("command");
  const YamlNode* script = task.find("script");
  if (command != nullptr && script != nullptr) {
    values.add(task.place_of_key("script"), "a task has 'command' or 'script', not both");
  }
  Command result;
  if (script != nullptr) {
    auto text = values.filled_text(*script, "'script'", limits::kValueBytes, Expressions::kShell);
    if (text) result = {{"sh", "-euc", std::move(*text)}, {}, script};
  }
  if (command == nullptr) return result;
  if (command->kind == YamlNode::Kind::kSequence) return read_list(values, *command);
  if (command->kind == YamlNode::Kind::kMapping) {
    values.add(command->place, "'command' must be text or a list of texts, not a mapping");
    return {};
  }
  auto text = values.filled_text(*command, "'command'", limits::kValueBytes, Expressions::kShell);
  if (!text) return {};
  return {{"sh", "-c", std::move(*text)}, {}, command};
}

}  // namespace pawl::config
