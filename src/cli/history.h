// Where runs and their logs are read from: the agent, or its store while no agent runs. The answers
// are the API's own objects either way, so that every command shows both alike.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "cli/arguments.h"
#include "cli/context.h"
#include "ports/store.h"

namespace pawl::cli {

struct LogQuery {
  RunId run;
  std::string task;           // its id
  std::uint32_t attempt = 0;  // 0: the last
  bool follow = false;        // on until the attempt (or, for the last, the task) has ended
};

class History {
 public:
  virtual ~History() = default;
  // {runs:[...], next_cursor}: up to arguments.limit runs, newest first.
  [[nodiscard]] virtual Result<Json> runs(const RunsArguments& arguments) = 0;
  [[nodiscard]] virtual Result<Json> run(RunId id) = 0;
  // Raw bytes, in pieces; `receive` returns false to end it, which is no error.
  [[nodiscard]] virtual Result<void> log(const LogQuery& query,
                                         const std::function<bool(std::string_view)>& receive) = 0;
  // False for the store: nothing more will come.
  [[nodiscard]] virtual bool is_live() const = 0;
};

// The agent's if it answers. If nobody does, and the address was the host config's own, the
// store's, with a note on stderr; else kUnavailable.
[[nodiscard]] Result<std::unique_ptr<History>> open_history(Context& context);

[[nodiscard]] std::unique_ptr<History> make_store_history(std::unique_ptr<StoreReader> store,
                                                          WallTime now);

}  // namespace pawl::cli
