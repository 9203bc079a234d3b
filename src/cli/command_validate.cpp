// Reads files the way the agent would, with the loader the agent uses, so that what passes here
// loads there. Like a compiler: problems on stderr, one a line, and a sum on stdout; -o json and
// yaml have both in one object.
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/pipeline_files.h"
#include "config/pipeline_loader.h"
#include "model/limits.h"

namespace pawl::cli {
namespace {

// What a pipeline could ask for on the most generous host.
HostConfig permissive_host() {
  HostConfig host;
  host.policy.images = {"*"};
  host.policy.networks = {"none", "bridge"};
  return host;
}

Result<HostConfig> host_to_check_against(Context& context) {
  PAWL_TRY(const HostFile* file, context.host_file());
  if (file->config) return *file->config;
  context.note(file->path +
               (file->problems.empty() ? " is not readable" : " has problems of its own") +
               ": checking without a host policy (every image, the networks none and bridge)");
  return permissive_host();
}

class Validation {
 public:
  explicit Validation(HostConfig host) : host_(std::move(host)) {}

  void check(const std::string& path) {
    ++files_;
    const Result<std::string> text = read_file(path, limits::kPipelineFileBytes);
    if (!text) {
      problems_.push_back({path, 0, 0, text.error().message});
      return;
    }
    PipelineFileResult result = parse_pipeline_file(*text, Origin{"", path, 0, ""}, host_);
    for (Problem& problem : result.problems) problems_.push_back(std::move(problem));
    for (const Pipeline& pipeline : result.pipelines) note_name(pipeline);
    pipelines_ += result.pipelines.size();
  }

  void add(const std::vector<Problem>& problems) {
    problems_.insert(problems_.end(), problems.begin(), problems.end());
  }

  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

  [[nodiscard]] std::string summary() const {
    return counted(files_, "file") + ", " + counted(pipelines_, "pipeline") + ", " +
           counted(problems_.size(), "problem");
  }

  [[nodiscard]] Json json() const {
    Json list = Json::array();
    for (const Problem& problem : problems_) {
      list.push(Json::object()
                    .set("file", problem.file)
                    .set("line", problem.line)
                    .set("column", problem.column)
                    .set("message", problem.message)
                    .set("text", problem.text()));
    }
    return Json::object()
        .set("files", files_)
        .set("pipelines", pipelines_)
        .set("problems", std::move(list));
  }

 private:
  static std::string counted(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
  }

  void note_name(const Pipeline& pipeline) {
    const auto [first, is_new] = names_.emplace(pipeline.name, pipeline.origin);
    if (is_new) return;
    problems_.push_back({pipeline.origin.file, pipeline.origin.line, 1,
                         "pipeline '" + pipeline.name + "' is defined in " + first->second.file +
                             ":" + std::to_string(first->second.line) +
                             " already; a name is unique on a host"});
  }

  HostConfig host_;
  std::map<std::string, Origin> names_;
  std::vector<Problem> problems_;
  std::size_t files_ = 0;
  std::size_t pipelines_ = 0;
};

}  // namespace

Result<ExitCode> execute(const ValidateArguments& arguments, Context& context) {
  PAWL_TRY(HostConfig host, host_to_check_against(context));
  const FoundFiles found = find_pipeline_files(arguments.paths);
  for (const std::string& skipped : found.skipped) context.note("skipped " + skipped);
  Validation validation(std::move(host));
  for (const std::string& file : found.files) validation.check(file);
  validation.add(found.unreadable);
  const bool only_missing = validation.problems().empty() && !found.missing.empty();
  validation.add(found.missing);
  if (arguments.format != Format::kTable) {
    context.print(validation.json(), arguments.format);
  } else {
    for (const Problem& problem : validation.problems()) context.complain(problem.text());
    context.out().write(validation.summary() + "\n");
  }
  if (only_missing) return ExitCode::kNotFound;
  return validation.problems().empty() ? ExitCode::kDone : ExitCode::kFailed;
}

}  // namespace pawl::cli
