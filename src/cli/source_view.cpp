#include "cli/source_view.h"

#include "cli/json_view.h"
#include "cli/table.h"
#include "cli/text.h"
#include "model/source.h"

namespace pawl::cli {
namespace {

Cell state_cell(const Json& source) {
  if (!source["error"].as_string().empty()) return {"pull failed", Tone::kBad};
  const std::size_t problems = source["problems"].items().size();
  if (problems == 1) return {"1 problem", Tone::kBad};
  if (problems > 1) return {std::to_string(problems) + " problems", Tone::kBad};
  if (source["attempted_at"].is_null()) return {"not pulled yet", Tone::kFaint};
  return {"ok", Tone::kGood};
}

std::string problem_text(const Json& json) {
  Problem problem;
  problem.file = json["file"].as_string();
  problem.line = static_cast<std::uint32_t>(json["line"].as_integer());
  problem.column = static_cast<std::uint32_t>(json["column"].as_integer());
  problem.message = json["message"].as_string();
  return problem.text();
}

}  // namespace

bool is_broken(const Json& source) {
  return !source["error"].as_string().empty() || !source["problems"].items().empty();
}

std::string render_sources(const Json::Array& sources, WallTime now, bool color) {
  Table table(
      {{"SOURCE"}, {"STATE"}, {"REVISION"}, {"PULLED"}, {"PIPELINES", Align::kRight}, {"URL"}});
  std::string details;
  for (const Json& source : sources) {
    const std::string& name = source["name"].as_string();
    table.add({name, state_cell(source), short_revision(source["revision"]),
               when_text(source["pulled_at"], now),
               std::to_string(source["pipelines"].as_integer()), source["url"].as_string()});
    const std::string& error = source["error"].as_string();
    if (!error.empty()) {
      details.append(printable(name + ": error: " + error)).append("\n");
    }
    for (const Json& problem : source["problems"].items()) {
      details.append(printable(name + ": " + problem_text(problem))).append("\n");
    }
  }
  std::string out = table.render(color);
  if (!details.empty()) out += "\n" + details;
  return out;
}

}  // namespace pawl::cli
