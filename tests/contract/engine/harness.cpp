#include "contract/engine/harness.h"

#include "base/digest.h"

namespace pawl {
namespace {

ContainerSpec spec_of(const TestProgram& program, const std::string& image) {
  ContainerSpec spec;
  spec.image = image;
  spec.command = {"sh", "-c", program.script};
  spec.cpus_milli = 500;
  spec.memory_bytes = kTestMemory;
  spec.pids = 32;
  spec.user = "65534";
  return spec;
}

}  // namespace

namespace programs {

TestProgram hello() {
  // The pause keeps the two streams, which the engine reads apart, in order.
  return {"echo out; sleep 0.2; echo err >&2; exit 3",
          {{{LogStream::kStdout, "out\n"}, {LogStream::kStderr, "err\n"}}, false, 3}};
}

TestProgram waits() {
  return {"echo ready; exec sleep 1000", {{{LogStream::kStdout, "ready\n"}}, true}};
}

TestProgram many_lines() {
  TestProgram program{"seq 1 " + std::to_string(kManyLines), {}};
  for (int i = 1; i <= kManyLines; ++i) {
    program.fake.output.push_back({LogStream::kStdout, std::to_string(i) + "\n"});
  }
  return program;
}

TestProgram odd_output() {
  const std::string line = std::string(40'000, 'x') + "\n";
  TestProgram program{"printf 'a\\000b\\n'; printf '%40000s\\n' '' | tr ' ' x; printf end", {}};
  program.fake.output = {{LogStream::kStdout, std::string("a\0b\n", 4)},
                         {LogStream::kStdout, line.substr(0, 16'384)},
                         {LogStream::kStdout, line.substr(16'384, 16'384)},
                         {LogStream::kStdout, line.substr(32'768)},
                         {LogStream::kStdout, "end"}};
  return program;
}

TestProgram eats_memory() { return {"tail /dev/zero", {{}, false, 137, true}}; }

}  // namespace programs

FakeHarness::FakeHarness() { engine_.add_image("image:1"); }

ContainerSpec FakeHarness::spec(const TestProgram& program) {
  engine_.set_program(program.script, program.fake);
  ContainerSpec spec = spec_of(program, "image:1");
  spec.name = "container-" + std::to_string(next_++);
  spec.labels[label()] = label_value();
  return spec;
}

DockerHarness::DockerHarness()
    : value_(DockerDaemon::instance().token() + "-" + random_hex(4)),
      proxy_(std::make_unique<SocketProxy>(DockerDaemon::instance().socket())),
      engine_(make_docker_engine(EngineConfig{.host = "unix://" + proxy_->path()}).value()) {}

DockerHarness::~DockerHarness() {
  DockerDaemon::instance().remove_containers(label() + "=" + value_);
}

ContainerSpec DockerHarness::spec(const TestProgram& program) {
  ContainerSpec spec = spec_of(program, DockerDaemon::instance().image());
  spec.name = value_ + "-" + std::to_string(next_++);
  spec.labels[label()] = value_;
  return spec;
}

}  // namespace pawl
