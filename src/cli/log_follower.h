// The output of all tasks of a live run, as it comes, each line behind its task's id. Asks for
// pages with a cursor, so that it goes on where it was after the agent was restarted. Not
// thread-safe; borrows both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "cli/api_client.h"
#include "cli/context.h"
#include "cli/text.h"

namespace pawl::cli {

class LogFollower {
 public:
  LogFollower(RunId run, ApiClient& api, Context& context)
      : run_(run), api_(api), context_(context) {}

  // Prints all that the tasks of `run` (GET /runs/{id}) have written since the last call. After a
  // call with a run that has ended, everything was printed. An error loses nothing: call again.
  [[nodiscard]] Result<void> poll(const Json& run);
  // Prints what is held back (see LogEscaper) and ends the line that is still open, if any.
  void finish();

 private:
  struct TaskLog {
    std::string id;
    std::uint32_t attempt = 1;  // that is read now
    std::string cursor;         // in that attempt's log
    std::string last_time;      // keeps the task's own order when sorting by time
    LogEscaper escaper;
    std::uint32_t escaper_attempt = 1;  // whose text the escaper holds back
  };
  struct Record {
    std::size_t task = 0;
    std::uint32_t attempt = 0;
    std::string time;
    std::string text;
    bool is_note = false;  // pawl's own, not the task's
  };

  Result<void> collect(std::size_t index, const Json& task);
  // False when this attempt has nothing more now.
  Result<bool> collect_page(std::size_t index);
  void print_collected();
  void print(const Record& record);
  void print_line_start(const Record& record);
  void print_text(const Record& record, std::string_view text);
  void print_held(std::size_t index);
  void end_line();

  RunId run_;
  ApiClient& api_;
  Context& context_;
  std::vector<TaskLog> tasks_;
  std::size_t id_width_ = 0;
  std::vector<Record> collected_;
  std::size_t collected_bytes_ = 0;
  bool line_open_ = false;
  std::size_t open_task_ = 0;  // whose line it is
  std::uint32_t open_attempt_ = 0;
};

}  // namespace pawl::cli
