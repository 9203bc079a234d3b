// Two programs in one, as pawl is: the supervisor, and an agent that starts one task and is then killed.
#include <cstdio>
#include <cstring>

#include <unistd.h>

#include "process/process_engine.h"
#include "process/supervisor.h"

namespace {

// DIRECTORY SCRIPT: prints a line once the task "orphan" runs, and never ends by itself.
int start_and_stay(char** argv) {
  auto engine = pawl::make_process_engine({argv[2], false, argv[0]});
  if (!engine) return 1;
  pawl::ContainerSpec spec;
  spec.name = "orphan";
  spec.labels["dev.pawl.test"] = argv[4];
  spec.command = {"sh", "-c", argv[3]};
  spec.memory_bytes = 16 << 20;
  spec.user = "65534";
  if (!(*engine)->create(spec, {}) || !(*engine)->start(spec.name, {})) return 1;
  std::puts("started");
  std::fflush(stdout);
  while (true) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], pawl::kSupervisorVerb) == 0) {
    return pawl::run_process_supervisor();
  }
  if (argc == 5 && std::strcmp(argv[1], "start-and-stay") == 0) return start_and_stay(argv);
  return 2;
}
