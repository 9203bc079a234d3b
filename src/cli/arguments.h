// The command line as plain structs. CLI11 stays in arguments.cpp and help.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "cli/exit_code.h"
#include "model/pipeline.h"

namespace pawl::cli {

enum class Format : unsigned char { kTable, kJson, kYaml };

struct GlobalArguments {
  std::optional<std::string> config_path;  // --config
  std::optional<std::string> server;       // --server
};

struct AgentArguments {};
struct ValidateArguments {
  std::vector<std::string> paths;  // one with `migrate`
  bool strict = false;             // warnings fail as well
  bool migrate = false;
  Format format = Format::kTable;
};
// What starting a run and trying one again have in common.
struct StartArguments {
  bool wait = false;
  bool follow = false;
  std::string idempotency_key;  // empty: one is made
  std::optional<std::int64_t> timeout_ms;
};
struct RunArguments {
  std::string pipeline;
  Variables params;
  StartArguments start;
};
struct RetryArguments {
  RunId run;
  bool failed_only = false;
  StartArguments start;
};
struct RunsArguments {
  std::string pipeline;  // empty: any, as below
  std::string status;
  std::string trigger;
  std::string since;  // RFC 3339, or a duration before now
  std::uint32_t limit = 20;
  Format format = Format::kTable;
};
struct ShowArguments {
  RunId run;
  Format format = Format::kTable;
};
struct LogsArguments {
  RunId run;
  std::string task;  // empty: all
  bool follow = false;
  std::uint32_t attempt = 0;  // 0: the last
};
struct CancelArguments {
  RunId run;
};
struct PipelinesArguments {
  Format format = Format::kTable;
};
struct PipelineShowArguments {
  std::string pipeline;
  Format format = Format::kTable;
};
struct PipelineExplainArguments {
  std::string pipeline;
  Format format = Format::kTable;
};
struct PipelineSuspendArguments {
  std::string pipeline;
  bool suspend = true;  // else: resume
};
struct SyncArguments {
  std::string source;  // empty: all
  bool wait = false;
  Format format = Format::kTable;
};
struct SourcesArguments {
  Format format = Format::kTable;
};
struct StatusArguments {
  Format format = Format::kTable;
};
struct NextArguments {
  std::string pipeline;  // empty: all
  std::uint32_t count = 10;
  Format format = Format::kTable;
};
struct BackupArguments {
  std::string file;
  Format format = Format::kTable;
};
struct RestoreArguments {
  std::string file;
  bool replace = false;
  Format format = Format::kTable;
};
struct VerifyArguments {
  Format format = Format::kTable;
};
struct VersionArguments {
  Format format = Format::kTable;
};

using CommandArguments =
    std::variant<AgentArguments, ValidateArguments, RunArguments, RetryArguments, RunsArguments,
                 ShowArguments, LogsArguments, CancelArguments, PipelinesArguments,
                 PipelineShowArguments, PipelineExplainArguments, PipelineSuspendArguments,
                 SyncArguments, SourcesArguments, StatusArguments, NextArguments, BackupArguments,
                 RestoreArguments, VerifyArguments, VersionArguments>;

struct Invocation {
  GlobalArguments global;
  CommandArguments command;
};

// Either an invocation, or what to print and the code to end with: help (kDone, on stdout) or a
// usage error (kUsage, on stderr).
struct ParsedArguments {
  std::optional<Invocation> invocation;
  ExitCode exit_code = ExitCode::kDone;
  std::string out;
  std::string err;
};

// `arguments` without the program's name. Pure.
[[nodiscard]] ParsedArguments parse_arguments(const std::vector<std::string>& arguments);

// The forms that --server and $PAWL_SERVER may have, as HttpClient wants them: unix:///run/x.sock,
// /run/x.sock, http://127.0.0.1:7433, 127.0.0.1:7433. Nothing for any other.
[[nodiscard]] std::optional<std::string> normalize_address(std::string_view text);

}  // namespace pawl::cli
