// How --help looks. Made from what the parser itself knows, so that it cannot leave an option out.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace pawl::cli {

// "pawl pipeline show"
[[nodiscard]] std::string command_path(const CLI::App& app);
// The page of a command, or of pawl itself when `app` has no parent.
[[nodiscard]] std::string make_help(const CLI::App& app);

}  // namespace pawl::cli
