// pawl with a clock that a test sets: the same program from the same archives, but for the wall clock, which
// is read at each call from the file that PAWL_TEST_CLOCK names: "OFFSET_MS SYNCHRONISED", the distance
// from the host's clock and 0 or 1. The test replaces the file by a rename. A program of its own, so
// that what is shipped has no way to be lied to about the time.
//
// Elapsed time stays the host's: setting a wall clock does not change it.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "agent/agent.h"
#include "agent/pull_entry.h"
#include "agent/sandbox_entry.h"
#include "agent/system_clock.h"
#include "base/file.h"
#include "cli/cli.h"

namespace pawl {
namespace {

constexpr std::size_t kFileBytes = 64;

class FileClock : public Clock {
 public:
  explicit FileClock(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] WallTime wall() const override {
    return WallTime{host_.wall().ms + read().offset_ms};
  }
  [[nodiscard]] MonoTime mono() const override { return host_.mono(); }
  [[nodiscard]] bool synchronised() const override { return read().synchronised != 0; }

 private:
  struct Setting {
    std::int64_t offset_ms = 0;
    int synchronised = 0;
  };

  [[nodiscard]] Setting read() const {
    Setting setting;
    const auto text = read_file(path_, kFileBytes);
    PAWL_ASSERT(text.ok());
    PAWL_ASSERT(std::sscanf(text->c_str(), "%" SCNd64 " %d", &setting.offset_ms,
                            &setting.synchronised) == 2);
    return setting;
  }

  const std::string path_;
  const SystemClock host_;
};

}  // namespace
}  // namespace pawl

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "internal-pull") == 0) return pawl::run_internal_pull();
  if (argc == 2 && std::strcmp(argv[1], "internal-sandbox") == 0) return pawl::run_sandbox();
  pawl::CliHooks hooks;
  hooks.run_agent = [](const std::string& config_path) {
    const char* path = std::getenv("PAWL_TEST_CLOCK");
    PAWL_ASSERT(path != nullptr);
    const pawl::FileClock clock(path);
    return pawl::run_agent(config_path, clock);
  };
  return pawl::run_cli(argc, argv, hooks);
}
