// CLI11's own page repeats itself and has no place for an example; this one is what a person needs
// to type the next command: usage, one sentence, options, example.
#include "cli/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

namespace pawl::cli {
namespace {

using Row = std::pair<std::string, std::string>;

std::string option_names(const CLI::Option& option) {
  std::string out;
  for (const std::string& name : option.get_snames()) out += (out.empty() ? "-" : ", -") + name;
  // Options with a long name only line up with those that have both.
  if (out.empty()) out = "    ";
  bool first = option.get_snames().empty();
  for (const std::string& name : option.get_lnames()) {
    out += (first ? "--" : ", --") + name;
    first = false;
  }
  if (!option.get_type_name().empty()) out += " " + option.get_type_name();
  return out;
}

Row option_row(const CLI::Option& option) {
  return {option_names(option), option.get_description()};
}

// All but the one that shows this page, which comes last of all.
std::vector<const CLI::Option*> options(const CLI::App& app) {
  std::vector<const CLI::Option*> found;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional() && option != app.get_help_ptr()) found.push_back(option);
  }
  return found;
}

std::vector<const CLI::Option*> positionals(const CLI::App& app) {
  std::vector<const CLI::Option*> found;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) found.push_back(option);
  }
  return found;
}

std::vector<const CLI::App*> commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty(); });
}

const CLI::App& root(const CLI::App& app) {
  return app.get_parent() == nullptr ? app : root(*app.get_parent());
}

std::string usage(const CLI::App& app) {
  std::string out = "Usage: " + command_path(app);
  if (!commands(app).empty()) return out + " COMMAND [options]\n";
  for (const CLI::Option* option : positionals(app)) {
    std::string name = option->get_name(true);
    if (option->get_expected_max() > 1) name += "...";
    out += option->get_required() ? " " + name : " [" + name + "]";
  }
  return out + " [options]\n";
}

void append_rows(std::string& out, const std::string& title, const std::vector<Row>& rows) {
  if (rows.empty()) return;
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, row.first.size());
  out += "\n" + title + ":\n";
  for (const auto& [name, description] : rows) {
    out += "  " + name + std::string(width - name.size() + 2, ' ');
    for (const char c : description) {
      out += c;
      if (c == '\n') out += std::string(width + 4, ' ');
    }
    out += "\n";
  }
}

}  // namespace

std::string command_path(const CLI::App& app) {
  if (app.get_parent() == nullptr) return "pawl";
  return command_path(*app.get_parent()) + " " + app.get_name();
}

std::string make_help(const CLI::App& app) {
  std::string out = usage(app) + "\n" + app.get_description() + "\n";
  std::vector<Row> rows;
  for (const CLI::Option* option : positionals(app)) {
    rows.emplace_back(option->get_name(true), option->get_description());
  }
  append_rows(out, "Arguments", rows);
  rows.clear();
  for (const CLI::App* sub : commands(app)) {
    const std::string& description = sub->get_description();
    rows.emplace_back(sub->get_name(), description.substr(0, description.find('\n')));
  }
  append_rows(out, "Commands", rows);
  rows.clear();
  for (const CLI::Option* option : options(app)) rows.push_back(option_row(*option));
  if (app.get_parent() != nullptr) {
    append_rows(out, "Options", rows);
    rows.clear();
    for (const CLI::Option* option : options(root(app))) {
      // --version means nothing to a command.
      if (!option->get_type_name().empty()) rows.push_back(option_row(*option));
    }
  }
  rows.push_back(option_row(*app.get_help_ptr()));
  append_rows(out, app.get_parent() == nullptr ? "Options" : "Everywhere", rows);
  return out + app.get_footer();
}

}  // namespace pawl::cli
