#include "config/host_keys.h"

namespace pawl::config {
namespace {

constexpr std::array kHostKeyList = {
    Key{"name", ValueKind::kText, "what this host is called; else its host name"},
    Key{"labels", ValueKind::kVariables, "free words about this host"},
    Key{"timezone", ValueKind::kText, "of schedules that name none; else UTC"},
};

constexpr std::array kSourceAuthKeyList = {
    Key{"username", ValueKind::kText, "for http and https"},
    Key{"password_file", ValueKind::kText, "file with the password or token"},
    Key{"ca_file", ValueKind::kText, "certificates that an https server may be signed by"},
    later("ssh_key_file", "key for ssh"),
    later("known_hosts_file", "host keys for ssh"),
    foreign("password", "password_file"),
    foreign("token", "password_file"),
};

constexpr std::array kSourceKeyList = {
    Key{"name", ValueKind::kText, "unique on this host"}.required(),
    Key{"url", ValueKind::kText, "a path, file://, http:// or https://"}.required(),
    Key{"ref", ValueKind::kText, "branch or reference"},
    Key{"path", ValueKind::kText, "folder with the pipeline files"},
    Key{"interval", ValueKind::kDuration, "time between two pulls"},
    Key{"auth", ValueKind::kMapping, "credentials", &kSourceAuthKeys},
    later("verify", "signatures and rollback"),
    foreign("branch", "ref"),
};

constexpr std::array<std::string_view, 2> kEngineTypes = {"docker", "process"};
constexpr std::array<std::string_view, 2> kSandboxes = {"run", "task"};
constexpr std::array<std::string_view, 2> kCapsWords = {"enforce", "best_effort"};

constexpr std::array kEngineTlsKeyList = {
    Key{"ca_file", ValueKind::kText, "certificates that the engine's may be signed by"}.required(),
    Key{"cert_file", ValueKind::kText, "pawl's own certificate"}.required(),
    Key{"key_file", ValueKind::kText, "and its key"}.required(),
};

constexpr std::array kEngineKeyList = {
    Key{"type", ValueKind::kText, "docker (also Podman) or process"}.of(kEngineTypes),
    Key{"host", ValueKind::kText, "unix:// and the socket's path, or tcp://host:2376"},
    Key{"tls", ValueKind::kMapping, "of tcp://", &kEngineTlsKeys},
    Key{"credentials_file", ValueKind::kText,
        "Docker's config.json with the registries' credentials"},
    Key{"image_directory", ValueKind::kText, "*.tar and *.tar.gz in it are loaded"},
    Key{"sandbox", ValueKind::kText, "run or task: which tasks share a network"}.of(kSandboxes),
    Key{"caps", ValueKind::kText, "enforce or best_effort"}.of(kCapsWords),
    foreign("socket", "host"),
    foreign("url", "host"),
    foreign("auth_file", "credentials_file"),
};

constexpr std::array kPolicyMaxKeyList = {
    Key{"cpus", ValueKind::kNumber, "CPUs of one task"},
    Key{"memory", ValueKind::kSize, "memory of one task"},
    Key{"pids", ValueKind::kInteger, "processes and threads of one task"},
    Key{"timeout", ValueKind::kDuration, "of one task"},
    Key{"tasks", ValueKind::kInteger, "tasks of one pipeline"},
    Key{"workspace", ValueKind::kSize, "what the tasks of one run share on disk"},
};

constexpr std::array kPolicyKeyList = {
    Key{"images", ValueKind::kTexts, "patterns of the images that tasks may run"},
    Key{"pull", ValueKind::kText, "always, missing or never"},
    Key{"networks", ValueKind::kTexts, "networks that tasks may join; none is always allowed"},
    Key{"max", ValueKind::kMapping, "caps", &kPolicyMaxKeys},
    Key{"default_image", ValueKind::kText, "of tasks that name none"},
    Key{"require_digest", ValueKind::kBoolean, "images by digest only"},
    Key{"mounts", ValueKind::kTexts, "host paths, with all below them, that tasks may mount"},
    Key{"privileged", ValueKind::kBoolean, "tasks may be privileged"},
    Key{"cap_add", ValueKind::kTexts, "capabilities that tasks may add"},
    foreign("volumes", "mounts"),
    foreign("capabilities", "cap_add"),
};

constexpr std::array kHostDefaultsKeyList = {
    Key{"cpus", ValueKind::kNumber, "CPUs of a task that names none"},
    Key{"memory", ValueKind::kSize, "memory of a task that names none"},
    Key{"pids", ValueKind::kInteger, "processes and threads of a task that names none"},
    Key{"timeout", ValueKind::kDuration, "of a task that names none"},
};

constexpr std::array kSecretsKeyList = {
    Key{"directory", ValueKind::kText, "one file for each secret"},
    later("key_file", "key of sealed secrets"),
};

constexpr std::array kKeepKeyList = {
    Key{"age", ValueKind::kDuration, "since a run's end; 0: no such rule"},
    Key{"runs_per_pipeline", ValueKind::kInteger, "the newest; 0: no such rule"},
    foreign("max_age", "age"),
    foreign("days", "age"),
    foreign("runs", "runs_per_pipeline"),
    foreign("count", "runs_per_pipeline"),
};

constexpr std::array kStateKeyList = {
    Key{"directory", ValueKind::kText, "the store's folder"},
    Key{"max_size", ValueKind::kSize, "of the store"},
    Key{"log_limit", ValueKind::kSize, "kept of one attempt's output"},
    Key{"keep", ValueKind::kMapping, "of runs that have ended", &kKeepKeys},
    foreign("retention", "keep"),
};

constexpr std::array kHttpKeyList = {
    Key{"listen", ValueKind::kText, "host:port of the page and the API"},
    Key{"socket", ValueKind::kText, "path of the API's unix socket"},
    later("tls", "certificate and key"),
};

constexpr std::array kWebhooksKeyList = {
    Key{"listen", ValueKind::kText, "host:port of POST /hooks/..."},
    Key{"max_body", ValueKind::kSize, "of one delivery"},
    later("tls", "certificate and key"),
};

constexpr std::array kAuthKeyList = {
    Key{"mode", ValueKind::kText, "local"},
};

constexpr std::array kHostConfigKeyList = {
    Key{"host", ValueKind::kMapping, "this host", &kHostKeys},
    Key{"sources", ValueKind::kMappings, "where pipelines come from", &kSourceKeys},
    Key{"engine", ValueKind::kMapping, "the container engine", &kEngineKeys},
    Key{"workers", ValueKind::kInteger, "containers at the same time"},
    Key{"policy", ValueKind::kMapping, "what pipelines may ask for", &kPolicyKeys},
    Key{"defaults", ValueKind::kMapping, "of tasks that do not say, nor their pipeline",
        &kHostDefaultsKeys},
    Key{"secrets", ValueKind::kMapping, "secrets of this host", &kSecretsKeys},
    Key{"state", ValueKind::kMapping, "the store", &kStateKeys},
    Key{"http", ValueKind::kMapping, "status page and API", &kHttpKeys},
    Key{"webhooks", ValueKind::kMapping, "the webhooks' listener", &kWebhooksKeys},
    Key{"auth", ValueKind::kMapping, "who may use page and API", &kAuthKeys},
    later("telemetry", "traces and metrics to a collector"),
};

}  // namespace

constinit const KeyTable kHostKeys = {"host", kHostKeyList};
constinit const KeyTable kSourceAuthKeys = {"auth of a source", kSourceAuthKeyList};
constinit const KeyTable kSourceKeys = {"a source", kSourceKeyList};
constinit const KeyTable kEngineTlsKeys = {"engine.tls", kEngineTlsKeyList};
constinit const KeyTable kEngineKeys = {"engine", kEngineKeyList};
constinit const KeyTable kPolicyMaxKeys = {"policy.max", kPolicyMaxKeyList};
constinit const KeyTable kPolicyKeys = {"policy", kPolicyKeyList};
constinit const KeyTable kHostDefaultsKeys = {"defaults", kHostDefaultsKeyList};
constinit const KeyTable kSecretsKeys = {"secrets", kSecretsKeyList};
constinit const KeyTable kKeepKeys = {"state.keep", kKeepKeyList};
constinit const KeyTable kStateKeys = {"state", kStateKeyList};
constinit const KeyTable kHttpKeys = {"http", kHttpKeyList};
constinit const KeyTable kWebhooksKeys = {"webhooks", kWebhooksKeyList};
constinit const KeyTable kAuthKeys = {"auth", kAuthKeyList};
constinit const KeyTable kHostConfigKeys = {"the host config", kHostConfigKeyList};

}  // namespace pawl::config
