// The log of a container of Podman's (seen with 4.3 and conmon 2.1), followed while it runs. What has come is exact for as long
// as the container runs; once it has ended, Podman drops what it has not sent yet line by line, at random. So what
// comes is held back until the engine says that the container still runs, and the rest is left: a log that has ended is
// exact when it is read without being followed.
//
// There is one file of the log, limits::kEngineLogFileBytes long; when it is full it is dropped for a new one, whether it
// was read or not. What comes after so many bytes may have a gap before it: the sink is told (LogSink::may_miss).
// For that the log is read from its start. Its times are those of whole seconds.
//
// A value for one call, on its thread; it refers to the sink and to what `runs` refers to.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "docker/http_connection.h"
#include "docker/log_demultiplexer.h"
#include "ports/container_engine.h"

namespace pawl {

class PodmanLogBody : public BodySink {
 public:
  // Asks the engine.
  using Runs = std::function<Result<bool>()>;

  // Records before `since_ns`, to the second, are left out.
  PodmanLogBody(std::int64_t since_ns, LogSink& sink, Runs runs);

  [[nodiscard]] Result<void> take(std::string_view bytes) override;
  [[nodiscard]] std::optional<std::int64_t> before_wait() override;
  // What came of it all, once the call has. Success also where the container ended; errors: those of the call, of `runs`
  // and of LogDemultiplexer, and kUnavailable where a record is torn.
  [[nodiscard]] Result<void> finish(const Result<HttpResponse>& answered);

  // The log's first record, where one was passed on or left out. Another log than this begins otherwise: its
  // file was dropped meanwhile.
  [[nodiscard]] const std::optional<LogRecord>& first() const { return records_.first; }

 private:
  // Between the stream and the sink.
  struct Records : LogSink {
    Records(std::int64_t from_s, LogSink& to) : since_s(from_s), sink(to) {}
    [[nodiscard]] bool take(LogRecord&& record) override;
    [[nodiscard]] std::optional<std::int64_t> before_wait() override { return -1; }

    const std::int64_t since_s;
    LogSink& sink;
    std::optional<LogRecord> first;
    std::size_t file_bytes = 0;
    bool told = false;
  };

  // Passes on what is held, if the container runs; false: it does not.
  [[nodiscard]] Result<bool> pass_on();

  LogSink& sink_;
  const Runs runs_;
  Records records_;
  LogDemultiplexer demultiplexer_;
  std::string held_;
  std::optional<std::chrono::steady_clock::time_point> passed_at_;
  bool ended_ = false;
  std::optional<Error> failure_;
};

// Takes a log's first record only.
class FirstRecord : public LogSink {
 public:
  [[nodiscard]] bool take(LogRecord&& record) override;
  [[nodiscard]] std::optional<std::int64_t> before_wait() override { return -1; }
  [[nodiscard]] const std::optional<LogRecord>& record() const { return record_; }

 private:
  std::optional<LogRecord> record_;
};

}  // namespace pawl
