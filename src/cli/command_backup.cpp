// backup, restore and history verify: the host's own store, with or without an agent.
#include "cli/commands.h"
#include "cli/table.h"
#include "store/backup.h"
#include "store/history_chain.h"

namespace pawl::cli {
namespace {

std::string counted(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string size_text(std::uint64_t runs, std::uint64_t bytes) {
  return counted(runs, "run") + ", " + counted(bytes, "byte") + "\n";
}

Json verify_json(const ChainReport& report) {
  Json json;
  json.set("intact", !report.fault);
  json.set("fault", report.fault ? Json(*report.fault) : Json());
  json.set("runs", report.runs);
  json.set("actions", report.actions);
  json.set("pruned", report.pruned);
  json.set("before_chain", report.before_chain);
  json.set("key", report.key);
  return json;
}

Facts verify_facts(const ChainReport& report) {
  Facts facts;
  facts.add("history",
            report.fault ? Cell(*report.fault, Tone::kBad) : Cell("intact", Tone::kGood));
  facts.add("checked", counted(report.runs, "run") + ", " + counted(report.actions, "action"));
  if (report.pruned > 0) facts.add("pruned", counted(report.pruned, "run") + " no longer kept");
  if (report.before_chain > 0) {
    facts.add("older", counted(report.before_chain, "run") + " from before there was a chain");
  }
  facts.add("key", report.key);
  return facts;
}

}  // namespace

Result<ExitCode> execute(const BackupArguments& arguments, Context& context) {
  PAWL_TRY(const std::string directory, context.certain_state_directory());
  PAWL_TRY(const BackupReport report, backup_store(directory, arguments.file));
  Json left_out = Json::array();
  for (const std::string& record : report.left_out) {
    context.note("not in the backup, for it is damaged: " + record);
    left_out.push(record);
  }
  if (arguments.format == Format::kTable) {
    context.out().write(size_text(report.runs, report.bytes));
  } else {
    Json json;
    json.set("file", arguments.file).set("runs", report.runs).set("bytes", report.bytes);
    json.set("left_out", std::move(left_out));
    context.print(json, arguments.format);
  }
  return ExitCode::kDone;
}

Result<ExitCode> execute(const RestoreArguments& arguments, Context& context) {
  PAWL_TRY(const std::string directory, context.certain_state_directory());
  PAWL_TRY(const RestoreReport report, restore_store(arguments.file, directory, arguments.replace));
  const std::string replaced = report.replaced.empty() ? "" : directory + "/" + report.replaced;
  if (!replaced.empty()) context.note("the history that was there is now " + replaced);
  if (arguments.format == Format::kTable) {
    context.out().write(size_text(report.runs, report.bytes));
  } else {
    Json json;
    json.set("directory", directory).set("runs", report.runs).set("bytes", report.bytes);
    json.set("replaced", replaced.empty() ? Json() : Json(replaced));
    context.print(json, arguments.format);
  }
  return ExitCode::kDone;
}

Result<ExitCode> execute(const VerifyArguments& arguments, Context& context) {
  PAWL_TRY(const std::string directory, context.certain_state_directory());
  PAWL_TRY(const ChainReport report, verify_history(directory));
  if (arguments.format == Format::kTable) {
    context.out().write(verify_facts(report).render(context.out().color()));
  } else {
    context.print(verify_json(report), arguments.format);
  }
  return report.fault ? ExitCode::kFailed : ExitCode::kDone;
}

}  // namespace pawl::cli
