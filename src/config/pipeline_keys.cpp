#include "config/pipeline_keys.h"

#include "config/names.h"
#include "model/limits.h"

namespace pawl::config {
namespace {

constexpr std::array<std::string_view, 4> kRetryWords = {"failed", "timeout", "oom", "lost"};

constexpr std::array kRetryKeyList = {
    Key{"limit", ValueKind::kInteger, "attempts after the first"}.within(0, limits::kRetries),
    Key{"delay", ValueKind::kDuration, "wait before the second attempt; else 10s"}.within(
        0, limits::kTimeoutMaxMs),
    Key{"backoff", ValueKind::kNumber, "each wait is this many times the one before; else 2"}
        .within(1000, 10 * limits::kBackoffMaxPercent),
    Key{"max_delay", ValueKind::kDuration, "no wait is longer; else 5m"}.within(
        0, limits::kTimeoutMaxMs),
    Key{"on", ValueKind::kTextOrTexts, "what is tried again; else failed and lost"}.of(kRetryWords),
    foreign("max_attempts", "limit"),
    foreign("count", "limit"),
};

// What users of Compose and of `docker run` know, and what would undo what every task has: its caps, its isolation, its
// place in pawl's own bookkeeping.
constexpr std::string_view kOwnNamespaces = "every task has namespaces of its own";
constexpr std::string_view kOwnNames = "its names are looked up as its network has it";
constexpr std::string_view kNoPorts =
    "nothing outside can connect to it; tasks of one run share files in /workspace";
constexpr std::string_view kOwnCaps = "cpus, memory and pids are its caps";
constexpr std::string_view kOwnLabels = "pawl names and labels its containers itself";

constexpr std::array kNeverKeyList = {
    never("devices", "no task has the host's devices"),
    never("device_cgroup_rules", "no task has the host's devices"),
    never("gpus", "no task has the host's devices"),
    never("pid", kOwnNamespaces),
    never("ipc", kOwnNamespaces),
    never("uts", kOwnNamespaces),
    never("userns", kOwnNamespaces),
    never("userns_mode", kOwnNamespaces),
    never("cgroup", kOwnNamespaces),
    never("cgroupns", kOwnNamespaces),
    never("cgroup_parent", "its caps would be another's"),
    never("security_opt", "every task has the engine's seccomp profile, and no new privileges"),
    never("cap_drop",
          "every capability is dropped already; cap_add gives one back where the host allows it"),
    never("sysctls", "no task changes the kernel's settings"),
    never("ulimits", kOwnCaps),
    never("shm_size", kOwnCaps),
    never("memswap_limit", "memory is its cap, swap included"),
    never("oom_kill_disable", "what is over its memory is killed"),
    never("oom_score_adj", "what is over its memory is killed"),
    never("runtime", "the engine's own is used"),
    never("isolation", "the engine's own is used"),
    never("ports", kNoPorts),
    never("expose", kNoPorts),
    never("links", kOwnNames),
    never("extra_hosts", kOwnNames),
    never("dns", kOwnNames),
    never("dns_search", kOwnNames),
    never("dns_opt", kOwnNames),
    never("hostname", kOwnLabels),
    never("container_name", kOwnLabels),
    never("labels", kOwnLabels),
    never("group_add", "user: 'user:group' is what it runs as"),
    never("volumes_from",
          "tasks of one run share files in /workspace, and 'mounts' has paths of the host"),
    never("tmpfs", "/tmp is one, and tasks of one run share files in /workspace"),
    never("init", "every task has one"),
    never("tty", "nobody sits before it"),
    never("stdin_open", "nobody sits before it"),
    never("logging", "pawl keeps its output"),
    never("build", "images come from a registry or from the host's image directory"),
};

// What a task and `defaults` have in common.
constexpr std::array kSettingOwnKeyList = {
    Key{"image", ValueKind::kText, "container image"},
    Key{"env", ValueKind::kVariables, "environment variables"}.like(kVariablePattern),
    Key{"cpus", ValueKind::kNumber, "CPUs, in hundredths or more"}.within(limits::kCpusMinMilli,
                                                                          limits::kCpusMaxMilli),
    Key{"memory", ValueKind::kSize, "memory, swap included"}.within(limits::kMemoryMinBytes,
                                                                    limits::kMemoryMaxBytes),
    Key{"pids", ValueKind::kInteger, "processes and threads"}.within(1, limits::kPidsMax),
    Key{"timeout", ValueKind::kDuration, "then SIGTERM, and SIGKILL after the grace"}.within(
        1, limits::kTimeoutMaxMs),
    Key{"retries", ValueKind::kIntegerOrMapping, "attempts after the first", &kRetryKeys}.within(
        0, limits::kRetries),
    Key{"network", ValueKind::kText, "none, bridge, or one that the host policy names"},
    Key{"user", ValueKind::kText, "user or user:group that the command runs as"},
    Key{"read_only", ValueKind::kBoolean, "the root filesystem cannot be written"},
    Key{"kill_grace", ValueKind::kDuration, "from SIGTERM to SIGKILL; else 10s"}.within(
        0, limits::kKillGraceMaxMs),
    Key{"allow_failure", ValueKind::kBoolean, "its failure counts as a success"},
    Key{"secrets", ValueKind::kTextsOrMappings, "secrets as files or environment", &kSecretKeys},
    Key{"mounts", ValueKind::kTexts, "source:target[:rw]: paths of the host that its policy names"}
        .like(kMountPattern),
    Key{"cap_add", ValueKind::kTexts, "capabilities that the host's policy names"}.like(
        kCapabilityPattern),
    Key{"privileged", ValueKind::kBoolean, "all of the host, where its policy says so"},
    foreign("volumes", "mounts"),
    foreign("capabilities", "cap_add"),
    foreign("network_mode", "network"),
    foreign("networks", "network"),
    foreign("restart", "retries"),
    foreign("env_file", "env"),
    foreign("stop_timeout", "kill_grace"),
    foreign("continue-on-error", "allow_failure"),
    foreign("continue_on_error", "allow_failure"),
    foreign("ignore_failure", "allow_failure"),
    foreign("stop_grace_period", "kill_grace"),
    foreign("environment", "env"),
    foreign("mem_limit", "memory"),
    foreign("pids_limit", "pids"),
    foreign("retry", "retries"),
    older("resources", ValueKind::kMapping, "cpus' and 'memory", &kResourcesKeys),
};

constexpr auto kSettingKeyList = joined(kSettingOwnKeyList, kNeverKeyList);

constexpr std::array kResourcesKeyList = {
    older("cpus", ValueKind::kNumber, "cpus"),
    older("cpu", ValueKind::kNumber, "cpus"),
    older("memory", ValueKind::kSize, "memory"),
};

// In the order of the enum.
constexpr std::array<std::string_view, 8> kTriggerRules = {"all_success", "all_failed", "all_done",
                                                           "one_success", "one_failed", "one_done",
                                                           "none_failed", "always"};

constexpr std::array kTaskOwnKeyList = {
    Key{"id", ValueKind::kText, "unique in the pipeline"}.required().like(kSluggablePattern),
    Key{"command", ValueKind::kTextOrTexts, "a list is run as it is; text goes to sh -c"},
    Key{"script", ValueKind::kText, "instead of command: sh -eu runs it"},
    Key{"depends_on", ValueKind::kTextOrTexts, "ids of the tasks that must succeed first"},
    Key{"trigger_rule", ValueKind::kText, "which ends of those tasks make it run; else all_success"}
        .of(kTriggerRules),
    Key{"when", ValueKind::kText, "${{ }}: false skips the task"},
    Key{"matrix", ValueKind::kTextLists, "axes: one instance of the task per combination"}.like(
        kVariablePattern),
    Key{"outputs", ValueKind::kTexts, "names that the task writes to $PAWL_OUTPUT"}.like(
        kOutputPattern),
    foreign("if", "when"),
    foreign("condition", "when"),
    foreign("strategy", "matrix"),
    older("name", ValueKind::kText, "id"),
    older("needs", ValueKind::kTextOrTexts, "depends_on"),
    older("depends", ValueKind::kTextOrTexts, "depends_on"),
    older("dependencies", ValueKind::kTextOrTexts, "depends_on"),
    older("trigger", ValueKind::kTextMappingOrList, "triggers' with 'tasks", &kTriggerKeys),
    foreign("run", "script"),
    foreign("entrypoint", "command"),
    foreign("cmd", "command"),
    foreign("args", "command"),
};

constexpr std::array kSecretKeyList = {
    Key{"name", ValueKind::kText, "of a secret on the host"}.required().like(kSecretPattern),
    Key{"file", ValueKind::kText, "its absolute path in the task; else /run/secrets/NAME"},
    Key{"env", ValueKind::kText, "instead of a file: a variable"}.like(kVariablePattern),
    foreign("path", "file"),
    foreign("target", "file"),
    foreign("source", "name"),
    foreign("environment", "env"),
};

constexpr auto kTaskKeyList = joined(kTaskOwnKeyList, kSettingKeyList);

constexpr std::array<std::string_view, 4> kParamTypes = {"string", "integer", "number", "boolean"};

constexpr std::array kParamKeyList = {
    Key{"name", ValueKind::kText, "a letter or _, then letters, digits and _"}.required().like(
        kVariablePattern),
    Key{"type", ValueKind::kText, "of its values; else string"}.of(kParamTypes),
    Key{"enum", ValueKind::kTexts, "the values that are taken"},
    Key{"default", ValueKind::kText, "without one, each run must give a value"},
    foreign("choices", "enum"),
    foreign("options", "enum"),
};

// In the order of their enums.
constexpr std::array<std::string_view, 3> kCatchups = {"none", "latest", "all"};
constexpr std::array<std::string_view, 3> kUpstreamEnds = {"success", "failure", "completion"};

constexpr std::array<std::string_view, 6> kProviders = {"github",  "gitlab",    "gitea",
                                                        "forgejo", "bitbucket", "standard"};

// What each kind of trigger may say of its runs: in the list item, or in its kind's long form.
constexpr Key kTriggerParams =
    Key{"params", ValueKind::kVariables, "values of the run's params"}.like(kVariablePattern);
constexpr Key kTriggerTasks = {"tasks", ValueKind::kTextOrTexts,
                               "ids: only these tasks and what depends on them run"};

constexpr std::array kWebhookKeyList = {
    Key{"path", ValueKind::kText, "POST /hooks/<path>"}.required().like(kWebhookPathPattern),
    Key{"provider", ValueKind::kText, "who signs, and how; else github"}.of(kProviders),
    Key{"secret", ValueKind::kTextOrTexts, "names of secrets on the host; any of them signs"}.like(
        kSecretPattern),
    Key{"events", ValueKind::kTextOrTexts, "the provider's names of what counts; else everything"}
        .like(kEventPattern),
    kTriggerParams,
    kTriggerTasks,
    Key{"when", ValueKind::kText, "${{ }} over the payload: false makes no run"},
    foreign("secrets", "secret"),
    foreign("if", "when"),
    foreign("condition", "when"),
    foreign("endpoint", "path"),
    foreign("event", "events"),
};

constexpr std::array kPipelineTriggerKeyList = {
    Key{"name", ValueKind::kText, "the pipeline whose runs are watched"}.required(),
    Key{"on", ValueKind::kText, "how its runs end; else success"}.of(kUpstreamEnds),
    kTriggerParams,
    foreign("pipeline", "name"),
    foreign("status", "on"),
};

constexpr std::array<std::string_view, 3> kTriggerKinds = {"cron", "webhook", "pipeline"};

constexpr std::array kTriggerKeyList = {
    Key{"cron", ValueKind::kText, "a cron expression"},
    Key{"timezone", ValueKind::kText, "an IANA zone; else the host's"},
    Key{"seconds", ValueKind::kBoolean, "six fields, seconds first"},
    Key{"webhook", ValueKind::kTextOrMapping, "a path, or the long form", &kWebhookKeys}.like(
        kWebhookPathPattern),
    Key{"splay", ValueKind::kDuration, "each host's ticks are later by a fixed part of this"}
        .within(1000, limits::kSplayMaxMs),
    Key{"catchup", ValueKind::kText, "missed ticks that run; else latest"}.of(kCatchups),
    Key{"deadline", ValueKind::kDuration, "a tick later than this is not run"}.within(
        1000, limits::kTimeoutMaxMs),
    Key{"pipeline", ValueKind::kTextOrMapping, "the end of another pipeline's run",
        &kPipelineTriggerKeys},
    kTriggerParams,
    kTriggerTasks,
    older("path", ValueKind::kText, "webhook: {path: …}"),
    older("endpoint", ValueKind::kText, "webhook: {path: …}"),
    older("token", ValueKind::kText, "webhook: {path: …}"),
    older("provider", ValueKind::kText, "webhook: {path: …, provider: …}"),
    older("secret", ValueKind::kTextOrTexts, "webhook: {path: …, secret: …}"),
    older("events", ValueKind::kTextOrTexts, "webhook: {path: …, events: […]}"),
    older("when", ValueKind::kText, "webhook: {path: …, when: …}"),
    foreign("on", "pipeline: {name: …, on: …}"),
    foreign("jitter", "splay"),
    foreign("startingDeadlineSeconds", "deadline"),
    older("schedule", ValueKind::kText, "cron"),
    older("expression", ValueKind::kText, "cron"),
    older("type", ValueKind::kText, "cron', 'webhook' or 'pipeline"),
};

constexpr std::array<std::string_view, 3> kOnConflicts = {"queue", "skip", "replace"};

constexpr std::array kConcurrencyKeyList = {
    Key{"group", ValueKind::kText, "shared by all pipelines that name it; else the pipeline's own"},
    Key{"limit", ValueKind::kInteger, "runs of the group at the same time"}.within(
        1, limits::kConcurrencyMax),
    Key{"on_conflict", ValueKind::kText, "what a run does that finds it full; else queue"}.of(
        kOnConflicts),
    foreign("max", "limit"),
    foreign("policy", "on_conflict"),
    foreign("cancel-in-progress", "on_conflict"),
};

constexpr std::array kHostSelectorKeyList = {
    Key{"names", ValueKind::kTextOrTexts, "hosts' names, or patterns with *"},
    Key{"labels", ValueKind::kVariables, "what the host's own labels must be"},
    foreign("name", "names"),
    foreign("label", "labels"),
};

constexpr std::array<std::string_view, 4> kNotifyStatuses = {"success", "failed", "cancelled",
                                                             "skipped"};
constexpr std::array<std::string_view, 3> kNotifyFormats = {"slack", "json", "healthchecks"};

constexpr std::array kNotifyKeyList = {
    Key{"on", ValueKind::kTextOrTexts, "ends of runs that it is about"}.required().of(
        kNotifyStatuses),
    Key{"url_secret", ValueKind::kText, "the secret that holds the address"}.required().like(
        kSecretPattern),
    Key{"format", ValueKind::kText, "of the message; else json"}.of(kNotifyFormats),
    foreign("url", "url_secret"),
    foreign("type", "format"),
};

constexpr std::array kPipelineKeyList = {
    Key{"name", ValueKind::kText, "unique on the host"}.required().like(kSluggablePattern),
    Key{"description", ValueKind::kText, "for people"},
    Key{"triggers", ValueKind::kMappings, "what starts a run", &kTriggerKeys},
    Key{"params", ValueKind::kMappings, "values that a run is given", &kParamKeys},
    Key{"env", ValueKind::kVariables, "environment variables of every task"}.like(kVariablePattern),
    Key{"defaults", ValueKind::kMapping, "what tasks have unless they say otherwise",
        &kDefaultsKeys},
    Key{"tasks", ValueKind::kMappings, "what a run does", &kTaskKeys}.required(),
    Key{"concurrency", ValueKind::kTextOrMapping, "runs at the same time", &kConcurrencyKeys},
    Key{"priority", ValueKind::kInteger, "higher first, within the worker pool; else 5"}.within(
        0, limits::kPriorityMax),
    Key{"timeout", ValueKind::kDuration, "of a whole run, from its first task's start"}.within(
        1000, limits::kTimeoutMaxMs),
    Key{"hosts", ValueKind::kMapping, "which hosts it runs on; else every one", &kHostSelectorKeys},
    Key{"on_success", ValueKind::kMappings, "tasks after a successful run", &kTaskKeys},
    Key{"on_failure", ValueKind::kMappings, "tasks after a failed run", &kTaskKeys},
    Key{"on_cancel", ValueKind::kMappings, "tasks after a cancelled run", &kTaskKeys},
    Key{"on_exit", ValueKind::kMappings, "tasks after each of these", &kTaskKeys},
    Key{"notify", ValueKind::kMappings, "messages about runs", &kNotifyKeys},
    older("pipeline", ValueKind::kMapping, "the document itself", &kPipelineKeys),
    older("task", ValueKind::kMapping, "tasks", &kTaskKeys),
    older("id", ValueKind::kText, "name"),
    older("schedule", ValueKind::kTextMappingOrList, "triggers", &kTriggerKeys),
    older("webhook_path", ValueKind::kText, "triggers"),
    older("image", ValueKind::kText, "defaults"),
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
constinit const KeyTable kResourcesKeys = {"resources", kResourcesKeyList};
constinit const KeyTable kTaskKeys = {"a task", kTaskKeyList};
constinit const KeyTable kSecretKeys = {"a secret", kSecretKeyList};
constinit const KeyTable kHostSelectorKeys = {"hosts", kHostSelectorKeyList};
constinit const KeyTable kNotifyKeys = {"a notification", kNotifyKeyList};
constinit const KeyTable kParamKeys = {"a param", kParamKeyList};
constinit const KeyTable kWebhookKeys = {"a webhook", kWebhookKeyList};
constinit const KeyTable kPipelineTriggerKeys = {"a pipeline trigger", kPipelineTriggerKeyList};
constinit const KeyTable kConcurrencyKeys = {"concurrency", kConcurrencyKeyList};
constinit const KeyTable kTriggerKeys = {"a trigger", kTriggerKeyList, kTriggerKinds};
constinit const KeyTable kPipelineKeys = {"a pipeline", kPipelineKeyList};

}  // namespace pawl::config
