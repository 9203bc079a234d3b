#include "config/pipeline_keys.h"

namespace pawl::config {
namespace {

constexpr std::array kRetryKeyList = {
    Key{"limit", ValueKind::kInteger, "attempts after the first"},
    Key{"delay", ValueKind::kDuration, "wait before the second attempt"},
    Key{"backoff", ValueKind::kNumber, "each wait is this many times the one before"},
    Key{"max_delay", ValueKind::kDuration, "no wait is longer"},
    Key{"on", ValueKind::kTextOrTexts, "failed, timeout, oom, lost"},
    foreign("max_attempts", "limit"),
    foreign("count", "limit"),
};

// What a task and `defaults` have in common.
constexpr std::array kSettingKeyList = {
    Key{"image", ValueKind::kText, "container image"},
    Key{"env", ValueKind::kVariables, "environment variables"},
    Key{"cpus", ValueKind::kNumber, "CPUs, in hundredths or more"},
    Key{"memory", ValueKind::kSize, "memory, swap included"},
    Key{"pids", ValueKind::kInteger, "processes and threads"},
    Key{"timeout", ValueKind::kDuration, "then SIGTERM, and SIGKILL after the grace"},
    Key{"retries", ValueKind::kIntegerOrMapping, "attempts after the first", &kRetryKeys},
    Key{"network", ValueKind::kText, "none, bridge, or one that the host policy names"},
    Key{"user", ValueKind::kText, "user or user:group that the command runs as"},
    Key{"read_only", ValueKind::kBoolean, "the root filesystem cannot be written"},
    later("allow_failure", "the run goes on when the task fails"),
    later("secrets", "secrets as files or environment"),
    foreign("environment", "env"),
    foreign("mem_limit", "memory"),
    foreign("pids_limit", "pids"),
    foreign("retry", "retries"),
};

constexpr std::array kTaskOwnKeyList = {
    Key{"id", ValueKind::kText, "unique in the pipeline"},
    Key{"command", ValueKind::kTextOrTexts, "a list is run as it is; text goes to sh -c"},
    Key{"script", ValueKind::kText, "instead of command: sh -eu runs it"},
    Key{"depends_on", ValueKind::kTextOrTexts, "ids of the tasks that must succeed first"},
    later("trigger_rule", "when the task is ready"),
    later("when", "a condition"),
    later("matrix", "one instance per combination"),
    later("outputs", "values handed to later tasks"),
    foreign("run", "script"),
    foreign("entrypoint", "command"),
    foreign("cmd", "command"),
    foreign("args", "command"),
};

constexpr auto kTaskKeyList = joined(kTaskOwnKeyList, kSettingKeyList);

constexpr std::array kParamKeyList = {
    Key{"name", ValueKind::kText, "a letter or _, then letters, digits and _"},
    Key{"type", ValueKind::kText, "string, integer, number or boolean"},
    Key{"enum", ValueKind::kTexts, "the values that are taken"},
    Key{"default", ValueKind::kText, "without one, each run must give a value"},
    foreign("choices", "enum"),
    foreign("options", "enum"),
};

constexpr std::array kWebhookKeyList = {
    Key{"path", ValueKind::kText, "POST /hooks/<path>"},
    Key{"provider", ValueKind::kText, "github"},
    Key{"secret", ValueKind::kTextOrTexts, "names of secrets on the host; any of them signs"},
    later("events", "events of the provider that count"),
    later("when", "a condition"),
    later("params", "params taken from the payload"),
    foreign("secrets", "secret"),
    foreign("endpoint", "path"),
};

constexpr std::array kPipelineTriggerKeyList = {
    Key{"name", ValueKind::kText, "the pipeline whose runs are watched"},
    Key{"on", ValueKind::kText, "success, failure or completion"},
    foreign("pipeline", "name"),
    foreign("status", "on"),
};

constexpr std::array kTriggerKeyList = {
    Key{"cron", ValueKind::kText, "a cron expression"},
    Key{"timezone", ValueKind::kText, "an IANA zone; else the host's"},
    Key{"seconds", ValueKind::kBoolean, "six fields, seconds first"},
    Key{"webhook", ValueKind::kTextOrMapping, "a path, or the long form", &kWebhookKeys},
    Key{"catchup", ValueKind::kText, "missed ticks that run: none, latest or all"},
    Key{"deadline", ValueKind::kDuration, "a tick later than this is not run"},
    Key{"pipeline", ValueKind::kTextOrMapping, "the end of another pipeline's run",
        &kPipelineTriggerKeys},
    later("splay", "a stable offset per host"),
    foreign("startingDeadlineSeconds", "deadline"),
    foreign("schedule", "cron"),
    foreign("expression", "cron"),
};

constexpr std::array kConcurrencyKeyList = {
    Key{"group", ValueKind::kText, "shared by all pipelines that name it; else the pipeline's own"},
    Key{"limit", ValueKind::kInteger, "runs of the group at the same time"},
    Key{"on_conflict", ValueKind::kText, "queue, skip or replace"},
    foreign("max", "limit"),
    foreign("policy", "on_conflict"),
    foreign("cancel-in-progress", "on_conflict"),
};

constexpr std::array kPipelineKeyList = {
    Key{"name", ValueKind::kText, "unique on the host"},
    Key{"description", ValueKind::kText, "for people"},
    Key{"triggers", ValueKind::kMappings, "what starts a run", &kTriggerKeys},
    Key{"params", ValueKind::kMappings, "values that a run is given", &kParamKeys},
    Key{"env", ValueKind::kVariables, "environment variables of every task"},
    Key{"defaults", ValueKind::kMapping, "what tasks have unless they say otherwise",
        &kDefaultsKeys},
    Key{"tasks", ValueKind::kMappings, "the DAG", &kTaskKeys},
    Key{"concurrency", ValueKind::kTextOrMapping, "runs at the same time", &kConcurrencyKeys},
    Key{"priority", ValueKind::kInteger, "0 to 9, higher first, within the worker pool"},
    Key{"timeout", ValueKind::kDuration, "of a whole run, from its first task's start"},
    later("hosts", "where the pipeline runs"),
    later("on_failure", "tasks after a failed run"),
    later("on_success", "tasks after a successful run"),
    later("on_cancel", "tasks after a cancelled run"),
    later("on_exit", "tasks after every run"),
    later("notify", "messages about runs"),
    foreign("on", "triggers"),
    foreign("trigger", "triggers"),
    foreign("environment", "env"),
    foreign("concurrencyPolicy", "concurrency"),
    foreign("parameters", "params"),
    foreign("inputs", "params"),
    foreign("jobs", "tasks"),
    foreign("steps", "tasks"),
    foreign("services", "tasks"),
};

}  // namespace

constinit const KeyTable kRetryKeys = {"retries", kRetryKeyList};
constinit const KeyTable kDefaultsKeys = {"defaults", kSettingKeyList};
constinit const KeyTable kTaskKeys = {"a task", kTaskKeyList};
constinit const KeyTable kParamKeys = {"a param", kParamKeyList};
constinit const KeyTable kWebhookKeys = {"a webhook", kWebhookKeyList};
constinit const KeyTable kPipelineTriggerKeys = {"a pipeline trigger", kPipelineTriggerKeyList};
constinit const KeyTable kConcurrencyKeys = {"concurrency", kConcurrencyKeyList};
constinit const KeyTable kTriggerKeys = {"a trigger", kTriggerKeyList};
constinit const KeyTable kPipelineKeys = {"a pipeline", kPipelineKeyList};

}  // namespace pawl::config
