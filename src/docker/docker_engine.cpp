// One method a call of the Engine API. What is not a plain call: a log is
// followed through the demultiplexer (Podman's with more care: podman_log.h),
// images come by ways of their own (image_pull.h, image_load.h), and a failed
// start is looked at once more, because 404 there may mean the container or its
// network.
#include "docker/docker_engine.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/log.h"
#include "docker/container_json.h"
#include "docker/create_request.h"
#include "docker/disk_usage_json.h"
#include "docker/engine_address.h"
#include "docker/engine_client.h"
#include "docker/engine_identity.h"
#include "docker/executable_archive.h"
#include "docker/image_load.h"
#include "docker/image_pull.h"
#include "docker/image_reference.h"
#include "docker/log_demultiplexer.h"
#include "docker/podman_log.h"
#include "docker/podman_mounts.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kLateEventMs = 200;
constexpr std::int64_t kDeafMs = 1'000;

std::string container_target(const std::string& name, std::string_view rest) {
  return "/containers/" + percent_encode(name) + std::string(rest);
}

HttpRequest get(std::string target) {
  HttpRequest request;
  request.target = std::move(target);
  request.total_ms = limits::kEngineCallMs;
  return request;
}

HttpRequest post(std::string target) {
  HttpRequest request = get(std::move(target));
  request.method = "POST";
  request.idempotent = false;
  return request;
}

// "1700000000.000000005": seconds and nanoseconds, as the API's `since` and `until` want them.
std::string time_text(std::int64_t time_ns) {
  char text[40];
  std::snprintf(text, sizeof text, "%lld.%09lld", static_cast<long long>(time_ns / 1'000'000'000),
                static_cast<long long>(time_ns % 1'000'000'000));
  return text;
}

class LogBody : public BodySink {
 public:
  explicit LogBody(LogSink& sink) : sink_(sink) {}
  Result<void> take(std::string_view bytes) override { return demultiplexer_.feed(bytes, sink_); }
  std::optional<std::int64_t> before_wait() override { return sink_.before_wait(); }
  [[nodiscard]] bool is_whole() const { return demultiplexer_.at_frame_border(); }

 private:
  LogSink& sink_;
  LogDemultiplexer demultiplexer_;
};

class DockerEngine : public ContainerEngine {
 public:
  DockerEngine(const EngineAddress& address, std::string credentials_file)
      : client_(address), credentials_file_(std::move(credentials_file)) {
    // Whose process it is cannot be told over a network.
    if (!address.is_tls()) identity_.emplace(address.socket_path);
  }

  Result<EngineInfo> info(const Stop& stop) override {
    EngineInfo info;
    info.incarnation = incarnation();
    PAWL_TRY(const EngineVersion version, client_.negotiate(stop));
    PAWL_TRY(const Json json, client_.call_json(get("/info"), stop));
    info.version = version.engine;
    info.api_version = version.api;
    info.cpus = json["NCPU"].as_integer();
    info.memory_bytes = json["MemTotal"].as_integer();
    // Podman's containers each have a process of their own that outlives its service.
    info.live_restore = version.is_podman || json["LiveRestoreEnabled"].as_bool();
    if (version.is_podman) info.engine = "podman";
    // Answers of two engines are nobody's.
    if (incarnation() != info.incarnation) info.incarnation.clear();
    return info;
  }

  std::string incarnation() override { return identity_ ? identity_->now() : std::string(); }

  Result<bool> has_image(const std::string& image, const Stop& stop) override {
    PAWL_CHECK(check_image(image));
    const auto response = client_.call(get("/images/" + percent_encode(image) + "/json"), stop);
    if (response) return true;
    if (response.error().kind == ErrorKind::kNotFound) return false;
    return response.error();
  }

  Result<void> pull_image(const std::string& image, const Progress& progress,
                          const Stop& stop) override {
    return pawl::pull_image(client_, credentials_file_, image, progress, stop);
  }

  Result<std::vector<std::string>> load_images(const std::string& file, const Stop& stop) override {
    return load_image_file(client_, file, stop);
  }

  Result<void> make_image(const std::string& name, const std::string& executable,
                          const Stop& stop) override {
    PAWL_TRY(const ImageReference reference, parse_image_reference(name));
    PAWL_TRY(ExecutableArchive archive, ExecutableArchive::open(executable));
    // The tag beside the name would be passed over by Podman 4.3.
    HttpRequest request =
        post("/images/create?fromSrc=-&repo=" +
             percent_encode(reference.repository + ":" + reference.tag_or_digest));
    request.content_type = "application/x-tar";
    request.source = &archive;
    request.total_ms = limits::kImageLoadMs;
    return without_value(client_.call(std::move(request), stop));
  }

  Result<void> remove_image(const std::string& image, const Stop& stop) override {
    HttpRequest request = get("/images/" + percent_encode(image));
    request.method = "DELETE";
    request.total_ms = limits::kDiskUsageMs;
    const auto response = client_.call(std::move(request), stop);
    if (response || response.error().kind == ErrorKind::kNotFound) return {};
    return response.error();
  }

  Result<std::string> create(const ContainerSpec& spec, const Stop& stop) override {
    PAWL_CHECK(check_image(spec.image));
    PAWL_TRY(const EngineVersion version, client_.version(stop));
    if (version.is_podman) PAWL_CHECK(prepare_podman_mounts(client_, spec, stop));
    HttpRequest request = post("/containers/create?name=" + percent_encode(spec.name));
    request.body = create_request(spec).dump();
    PAWL_TRY(const Json json, client_.call_json(std::move(request), stop));
    const std::string& id = json["Id"].as_string();
    if (id.empty()) return Error{ErrorKind::kCorrupt, "the engine's answer has no id", {}};
    const std::string warning = find_cap_warning(json["Warnings"]);
    if (!warning.empty()) {
      return refuse_uncapped(
          id,
          escape_control(std::string_view(warning).substr(0, limits::kEngineMessageBytes)) +
              " (switch the kernel's cgroup memory, swap, cpu and pids controllers on)",
          stop);
    }
    if (version.is_podman) PAWL_CHECK(check_podman_caps(id, spec, stop));
    return id;
  }

  Result<void> start(const std::string& name, const Stop& stop) override {
    if (const auto version = client_.version(stop); version && version->is_podman) {
      PAWL_CHECK(check_joined(name, stop));
    }
    HttpRequest request = post(container_target(name, "/start"));
    request.total_ms = limits::kEngineStartMs;
    bool sent = false;
    request.sent = &sent;
    const auto response = client_.call(std::move(request), stop);
    if (response) return {};
    if (!sent && response.error().kind == ErrorKind::kUnavailable) {
      return Error{ErrorKind::kExhausted, response.error().message, {}};
    }
    if (response.error().kind != ErrorKind::kNotFound) return response.error();
    const auto state = inspect(name, stop);
    if (!state) return state.error();
    return Error{ErrorKind::kInvalid, response.error().message, {}};
  }

  Result<ContainerState> inspect(const std::string& name, const Stop& stop) override {
    return state_of(get(container_target(name, "/json")), stop);
  }

  Result<void> follow_logs(const std::string& name, std::int64_t since_ns, LogSink& sink,
                           const Stop& stop) override {
    PAWL_TRY(const EngineVersion version, client_.version(stop));
    if (!version.is_podman) return read_log(name, true, since_ns, sink, stop);
    PAWL_TRY(const bool runs, is_running(name, stop));
    if (!runs) return read_log(name, false, since_ns, sink, stop);
    return follow_podman(name, since_ns, sink, stop);
  }

  Result<ContainerState> wait(const std::string& name, std::int64_t timeout_ms,
                              const Stop& stop) override {
    HttpRequest request = post(container_target(name, "/wait?condition=not-running"));
    request.idempotent = true;
    request.total_ms = timeout_ms > 0 ? timeout_ms : 1;
    PAWL_CHECK(without_value(client_.call(std::move(request), stop)));
    HttpRequest look = get(container_target(name, "/json"));
    look.new_connection = true;
    return state_of(std::move(look), stop);
  }

  Result<void> kill(const std::string& name, int signal, const Stop& stop) override {
    const auto response =
        client_.call(post(container_target(name, "/kill?signal=" + std::to_string(signal))), stop);
    // 409: it does not run.
    if (response || response.error().kind == ErrorKind::kConflict ||
        response.error().kind == ErrorKind::kNotFound) {
      return {};
    }
    return response.error();
  }

  Result<void> remove(const std::string& name, const Stop& stop) override {
    HttpRequest request = get(container_target(name, "?v=1&force=1"));
    request.method = "DELETE";
    const auto response = client_.call(std::move(request), stop);
    if (response || response.error().kind == ErrorKind::kNotFound) return {};
    return response.error();
  }

  Result<void> rename(const std::string& name, const std::string& new_name,
                      const Stop& stop) override {
    return without_value(client_.call(
        post(container_target(name, "/rename?name=" + percent_encode(new_name))), stop));
  }

  Result<ResourceUsage> usage(const std::string& name, const Stop& stop) override {
    HttpRequest request = get(container_target(name, "/stats?stream=0&one-shot=1"));
    PAWL_TRY(const HttpResponse response, client_.call(std::move(request), stop));
    return parse_usage(response.body);
  }

  Result<std::vector<ContainerSummary>> list(const std::string& label, const std::string& value,
                                             const Stop& stop) override {
    const Json filters = Json::object().set("label", Json::array().push(label + "=" + value));
    PAWL_TRY(const Json json,
             client_.call_json(
                 get("/containers/json?all=1&filters=" + percent_encode(filters.dump())), stop));
    PAWL_TRY(std::vector<ContainerSummary> list, parse_container_list(json));
    PAWL_TRY(const EngineVersion version, client_.version(stop));
    if (version.is_podman) PAWL_CHECK(add_joined_networks(list, stop));
    return list;
  }

  Result<void> remove_volume(const std::string& name, const Stop& stop) override {
    HttpRequest request = get("/volumes/" + percent_encode(name));
    request.method = "DELETE";
    request.total_ms = limits::kWorkspaceRemoveMs;
    const auto response = client_.call(std::move(request), stop);
    if (response || response.error().kind == ErrorKind::kNotFound) return {};
    return response.error();
  }

  Result<std::vector<VolumeSummary>> list_volumes(const std::string& label,
                                                  const std::string& value,
                                                  const Stop& stop) override {
    const Json filters = Json::object().set("label", Json::array().push(Json(label + "=" + value)));
    PAWL_TRY(const Json json,
             client_.call_json(get("/volumes?filters=" + percent_encode(filters.dump())), stop));
    return parse_volume_list(json);
  }

  Result<DiskUsage> disk_usage(const Stop& stop) override {
    // Engines before API 1.42 know no types, and count their containers and build caches too.
    HttpRequest request = get("/system/df?type=image&type=volume");
    request.total_ms = limits::kDiskUsageMs;
    PAWL_TRY(const Json json, client_.call_json(std::move(request), stop));
    PAWL_TRY(DiskUsage usage, parse_disk_usage(json));
    PAWL_TRY(const EngineVersion version, client_.version(stop));
    if (!version.is_podman) return usage;
    // It calls images by their tags alone there, and leaves out the volumes' labels.
    PAWL_TRY(const Json images, client_.call_json(get("/images/json"), stop));
    name_images(images, usage);
    PAWL_TRY(const Json volumes, client_.call_json(get("/volumes"), stop));
    PAWL_TRY(const std::vector<VolumeSummary> summaries, parse_volume_list(volumes));
    label_volumes(summaries, usage);
    return usage;
  }

 private:
  // Whatever becomes of its removal, the caller gets the same error; a container left behind never starts.
  Error refuse_uncapped(const std::string& id, const std::string& why, const Stop& stop) {
    const auto removed = remove(id, stop);
    const std::string rest =
        removed ? "" : "; its container stays (" + removed.error().message + ")";
    return Error{ErrorKind::kInvalid,
                 "this host's engine cannot enforce the task's caps: " + why + rest,
                 {}};
  }

  // Where its user is not root and control groups are of version 1, Podman 4.3 drops all caps and says nothing.
  Result<void> check_podman_caps(const std::string& id, const ContainerSpec& spec,
                                 const Stop& stop) {
    const auto made = client_.call_json(get(container_target(id, "/json")), stop);
    if (!made) {
      // Not found would say that the image was not.
      const bool gone = made.error().kind == ErrorKind::kNotFound;
      return Error{gone ? ErrorKind::kUnavailable : made.error().kind, made.error().message, {}};
    }
    const std::string dropped = find_dropped_cap(*made, spec);
    if (dropped.empty()) return {};
    return refuse_uncapped(id,
                           "Podman has dropped that on " + dropped +
                               " (a Podman that is not root's needs control groups of version 2, "
                               "with cpu, memory and pids delegated to its user)",
                           stop);
  }

  Result<ContainerState> state_of(HttpRequest request, const Stop& stop) {
    PAWL_TRY(const Json json, client_.call_json(std::move(request), stop));
    PAWL_TRY(ContainerState state, parse_container_state(json));
    const bool failed = state.phase == ContainerState::Phase::kExited && state.exit_code != 0;
    if (failed && !state.oom_killed) state.oom_killed = was_out_of_memory(state, stop);
    return state;
  }

  // The flag of the state is not the whole truth (seen with 20.10): the kernel's report can reach the engine after
  // the exit it caused, and then only an event tells of it, now or in a moment; and the engine starts to listen only
  // after the container has started, so that a task that runs out of memory at once is just dead. One that is killed in
  // its first second, and by nobody through the engine, counts as out of memory. That is a guess, and wrong of a task
  // that kills itself then: the engine keeps no other sign of it. Its events, `since` when they may be asked for, lack
  // what it did not hear; its statistics are zeros once the container has ended, as its control group is gone; the
  // state's error is empty; and the exit code is that of any SIGKILL.
  bool was_out_of_memory(const ContainerState& state, const Stop& stop) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const bool killed = state.exit_code == 128 + SIGKILL;
    const Json filters = Json::object()
                             .set("type", Json::array().push("container"))
                             .set("container", Json::array().push(state.id))
                             .set("event", Json::array().push("oom").push("kill"));
    const auto events =
        client_.call(get("/events?since=" + time_text(state.started_at.ms * kNsPerMs) +
                         "&until=" + time_text((now_ms + (killed ? kLateEventMs : 0)) * kNsPerMs) +
                         "&filters=" + percent_encode(filters.dump())),
                     stop);
    if (!events) return false;
    if (const auto seen = find_memory_kill(events->body)) return *seen;
    return killed && state.ended_at.ms - state.started_at.ms < kDeafMs;
  }

  static HttpRequest log_request(const std::string& name, bool follow, std::int64_t since_ns,
                                 BodySink& body) {
    std::string query = "/logs?stdout=1&stderr=1&timestamps=1&follow=";
    query += follow ? "1" : "0";
    if (since_ns > 0) query += "&since=" + time_text(since_ns);
    HttpRequest request = get(container_target(name, query));
    request.answer_ms = limits::kEngineCallMs;
    request.total_ms = 0;
    request.sink = &body;
    return request;
  }

  Result<void> read_log(const std::string& name, bool follow, std::int64_t since_ns, LogSink& sink,
                        const Stop& stop) {
    LogBody body(sink);
    PAWL_CHECK(without_value(client_.call(log_request(name, follow, since_ns, body), stop)));
    if (body.is_whole()) return {};
    return Error{ErrorKind::kUnavailable, "the engine's log stream ended inside a record", {}};
  }

  // Podman is not told since when: from later than the log's first record on, 4.3 may not follow at all.
  Result<void> follow_podman(const std::string& name, std::int64_t since_ns, LogSink& sink,
                             const Stop& stop) {
    PodmanLogBody body(since_ns, sink, [&] { return is_running(name, stop); });
    PAWL_CHECK(body.finish(client_.call(log_request(name, true, 0, body), stop)));
    if (!body.first()) return {};
    FirstRecord now;
    const auto read = read_log(name, false, 0, now, stop);
    if (!read && read.error().kind != ErrorKind::kCancelled) return read;
    if (now.record() != body.first()) sink.may_miss();
    return {};
  }

  Result<bool> is_running(const std::string& name, const Stop& stop) {
    PAWL_TRY(const Json json, client_.call_json(get(container_target(name, "/json")), stop));
    PAWL_TRY(const ContainerState state, parse_container_state(json));
    return state.phase == ContainerState::Phase::kRunning;
  }

  // Podman starts the container whose network is joined as well, where Docker refuses.
  Result<void> check_joined(const std::string& name, const Stop& stop) {
    const auto json = client_.call_json(get(container_target(name, "/json")), stop);
    if (!json) {
      // Nothing was started.
      const bool away = json.error().kind == ErrorKind::kUnavailable;
      return Error{away ? ErrorKind::kExhausted : json.error().kind, json.error().message, {}};
    }
    const std::string joined = joined_network(*json);
    if (joined.empty()) return {};
    const auto state = inspect(joined, stop);
    if (state && state->phase == ContainerState::Phase::kRunning) return {};
    return Error{ErrorKind::kConflict, "the container whose network it joins does not run", {}};
  }

  // Podman's list does not say whose network a container joins.
  Result<void> add_joined_networks(std::vector<ContainerSummary>& list, const Stop& stop) {
    for (ContainerSummary& container : list) {
      const auto json = client_.call_json(get(container_target(container.id, "/json")), stop);
      if (json) {
        container.join_network = joined_network(*json);
      } else if (json.error().kind != ErrorKind::kNotFound) {
        return json.error();
      }
    }
    return {};
  }

  static Result<void> without_value(const Result<HttpResponse>& response) {
    return response ? Result<void>() : Result<void>(response.error());
  }

  static Result<void> check_image(const std::string& image) {
    const auto reference = parse_image_reference(image);
    return reference ? Result<void>() : Result<void>(reference.error());
  }

  EngineClient client_;
  const std::string credentials_file_;
  std::optional<const EngineIdentity> identity_;
};

}  // namespace

Result<std::unique_ptr<ContainerEngine>> make_docker_engine(const EngineConfig& config) {
  PAWL_TRY(const EngineAddress address, parse_engine_address(config));
  return std::unique_ptr<ContainerEngine>(
      std::make_unique<DockerEngine>(address, config.credentials_file));
}

}  // namespace pawl
