// Every subcommand but `agent`: arguments in, results on the context's outputs, exit code out. An
// error is printed by the caller and becomes the exit code of its kind. Each command has its own
// file.
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/context.h"
#include "cli/exit_code.h"

namespace pawl::cli {

[[nodiscard]] Result<ExitCode> execute(const ValidateArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const RunArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const RetryArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const RunsArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const ShowArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const LogsArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const CancelArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const PipelinesArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const PipelineShowArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const PipelineExplainArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const PipelineSuspendArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const SyncArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const SourcesArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const StatusArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const NextArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const BackupArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const RestoreArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const VerifyArguments& arguments, Context& context);
[[nodiscard]] Result<ExitCode> execute(const VersionArguments& arguments, Context& context);

}  // namespace pawl::cli
