// Reads files the way the agent would, with the loader the agent uses, so that what passes here
// loads there. Like a compiler: problems and warnings on stderr, each with the line it is about,
// and a sum on stdout; -o json and yaml have all of it in one object.
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/excerpt.h"
#include "cli/pipeline_files.h"
#include "cli/text.h"
#include "config/migration.h"
#include "config/pipeline_loader.h"
#include "model/limits.h"

namespace pawl::cli {
namespace {

// What a pipeline could ask for on the most generous host.
HostConfig permissive_host() {
  HostConfig host;
  host.policy.images = {"*"};
  host.policy.networks = {"none", "bridge"};
  host.policy.mounts = {{"/", true}};
  host.policy.cap_add = {"*"};
  host.policy.privileged = true;
  return host;
}

struct JudgingHost {
  HostConfig config;
  bool is_known = false;  // else: permissive
};

Result<JudgingHost> host_to_check_against(Context& context) {
  PAWL_TRY(const HostFile* file, context.host_file());
  if (file->config) return JudgingHost{*file->config, true};
  context.note(file->path +
               (file->problems.empty() ? " is not readable" : " has problems of its own") +
               ": checking without a host policy (every image, mount and capability, the networks "
               "none and bridge)");
  return JudgingHost{permissive_host(), false};
}

// A problem or a warning, with the line that it is about.
struct Finding {
  Problem problem;
  std::optional<Excerpt> excerpt;
};

std::string warning_text(const Problem& problem) {
  constexpr std::string_view kError = ": error: ";
  std::string text = problem.text();
  // The file's name comes first and may have anything in it; the message is at the end.
  const std::size_t at = text.size() - problem.message.size() - kError.size();
  return text.replace(at, kError.size(), ": warning: ");
}

class Validation {
 public:
  explicit Validation(JudgingHost host) : host_(std::move(host)) {}

  void check(const std::string& path) {
    const Result<std::string> text = read_file(path, limits::kPipelineFileBytes);
    if (text) return check(path, *text);
    ++files_;
    problems_.push_back({{path, 0, 0, text.error().message}, std::nullopt});
  }

  void check(const std::string& path, const std::string& text) {
    ++files_;
    PipelineFileResult result = parse_pipeline_file(text, Origin{"", path, 0, ""}, host_.config);
    for (Problem& problem : result.problems) find(problems_, std::move(problem), text);
    for (Problem& warning : result.warnings) find(warnings_, std::move(warning), text);
    for (const Pipeline& pipeline : result.pipelines) note_name(pipeline, text);
    pipelines_ += result.pipelines.size() + result.elsewhere.size();
    for (const Elsewhere& pipeline : result.elsewhere) ++(pipeline.refused ? refused_ : elsewhere_);
  }

  void add(const std::vector<Problem>& problems) {
    for (const Problem& problem : problems) problems_.push_back({problem, std::nullopt});
  }

  [[nodiscard]] bool has_problems() const { return !problems_.empty(); }
  [[nodiscard]] bool has_warnings() const { return !warnings_.empty(); }

  void complain(Context& context) const {
    for (const Finding& finding : problems_) {
      context.complain(finding.problem.text());
      show_excerpt(finding, context);
    }
    for (const Finding& finding : warnings_) {
      context.complain(warning_text(finding.problem));
      show_excerpt(finding, context);
    }
  }

  [[nodiscard]] std::string summary() const {
    std::string text = counted(files_, "file") + ", " + counted(pipelines_, "pipeline");
    if (host_.is_known && elsewhere_ + refused_ > 0) {
      text += " (";
      if (elsewhere_ > 0) text += std::to_string(elsewhere_) + " for other hosts";
      if (elsewhere_ > 0 && refused_ > 0) text += ", ";
      if (refused_ > 0) text += std::to_string(refused_) + " refused by this host's policy";
      text += ")";
    }
    text += ", " + counted(problems_.size(), "problem");
    return has_warnings() ? text + ", " + counted(warnings_.size(), "warning") : text;
  }

  [[nodiscard]] Json json() const {
    Json object = Json::object().set("files", files_).set("pipelines", pipelines_);
    if (host_.is_known) object.set("elsewhere", elsewhere_).set("refused", refused_);
    return object.set("problems", list(problems_, false)).set("warnings", list(warnings_, true));
  }

 private:
  static std::string counted(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
  }

  static void find(std::vector<Finding>& findings, Problem problem, std::string_view text) {
    auto line = excerpt(text, problem.line, problem.column);
    findings.push_back({std::move(problem), std::move(line)});
  }

  static void show_excerpt(const Finding& finding, Context& context) {
    if (!finding.excerpt) return;
    context.complain("  " + finding.excerpt->line);
    context.complain("  " + finding.excerpt->mark);
  }

  static Json list(const std::vector<Finding>& findings, bool are_warnings) {
    Json list = Json::array();
    for (const Finding& finding : findings) {
      const Problem& problem = finding.problem;
      list.push(Json::object()
                    .set("file", problem.file)
                    .set("line", problem.line)
                    .set("column", problem.column)
                    .set("severity", are_warnings ? "warning" : "error")
                    .set("message", problem.message)
                    .set("excerpt", finding.excerpt ? finding.excerpt->line : "")
                    .set("text", are_warnings ? warning_text(problem) : problem.text()));
    }
    return list;
  }

  void note_name(const Pipeline& pipeline, std::string_view text) {
    const auto [first, is_new] = names_.emplace(pipeline.name, pipeline.origin);
    if (is_new) return;
    find(problems_,
         {pipeline.origin.file, pipeline.origin.line, 1,
          "pipeline '" + pipeline.name + "' is defined in " + first->second.file + ":" +
              std::to_string(first->second.line) + " already; a name is unique on a host"},
         text);
  }

  JudgingHost host_;
  std::map<std::string, Origin> names_;
  std::vector<Finding> problems_;
  std::vector<Finding> warnings_;
  std::size_t files_ = 0;
  std::size_t pipelines_ = 0;  // those for other hosts and refused ones included
  std::size_t elsewhere_ = 0;
  std::size_t refused_ = 0;
};

// Prints the file in today's form, if there is nothing wrong with it.
Result<ExitCode> migrate(const std::string& path, Validation& validation, Context& context) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) {
    return Error{ErrorKind::kInvalid, "--migrate takes one file, not a directory", path};
  }
  PAWL_TRY(const std::string text, read_file(path, limits::kPipelineFileBytes));
  validation.check(path, text);
  if (validation.has_problems()) {
    validation.complain(context);
    return ExitCode::kFailed;
  }
  Result<std::string> migrated = config::migrate_pipeline_file(text);
  if (!migrated) return Error{migrated.error().kind, migrated.error().message, path};
  // A file may not command a terminal; LogEscaper leaves its lines alone.
  LogEscaper escaper;
  context.out().write(context.out().is_terminal() ? escaper.feed(*migrated) + escaper.finish()
                                                  : *migrated);
  return ExitCode::kDone;
}

}  // namespace

Result<ExitCode> execute(const ValidateArguments& arguments, Context& context) {
  PAWL_TRY(JudgingHost host, host_to_check_against(context));
  Validation validation(std::move(host));
  if (arguments.migrate) return migrate(arguments.paths.front(), validation, context);
  const FoundFiles found = find_pipeline_files(arguments.paths);
  for (const std::string& skipped : found.skipped) context.note("skipped " + skipped);
  for (const std::string& file : found.files) validation.check(file);
  validation.add(found.unreadable);
  const bool only_missing = !validation.has_problems() && !found.missing.empty();
  validation.add(found.missing);
  if (arguments.format != Format::kTable) {
    context.print(validation.json(), arguments.format);
  } else {
    validation.complain(context);
    context.out().write(validation.summary() + "\n");
  }
  if (only_missing) return ExitCode::kNotFound;
  const bool fails = validation.has_problems() || (arguments.strict && validation.has_warnings());
  return fails ? ExitCode::kFailed : ExitCode::kDone;
}

}  // namespace pawl::cli
