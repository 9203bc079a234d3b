#include "contract/engine/harness.h"

#include <fstream>

#include "base/digest.h"
#include "contract/engine/certificates.h"
#include "contract/engine/child.h"
#include "support/temp_directory.h"

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

std::string FakeHarness::image_name() { return "made-" + std::to_string(next_++) + ":1"; }

void FakeHarness::save_image(const std::string& image, const std::string& file) {
  std::ofstream(file) << "archive";
  engine_.add_archive(file, {image});
}

std::string FakeHarness::mode_of(const std::string& volume) {
  return engine_.is_open(volume) ? "1777 0" : "755 0";
}

RealHarness::RealHarness(DockerDaemon& daemon, SocketProxy& proxy, const EngineConfig& config)
    : daemon_(daemon),
      proxy_(proxy),
      value_(daemon.token() + "-" + random_hex(4)),
      engine_(make_docker_engine(config).value()) {}

RealHarness::~RealHarness() {
  daemon_.remove_containers(label() + "=" + value_);
  for (const std::string& image : images_) daemon_.remove_image(image);
}

ContainerSpec RealHarness::spec(const TestProgram& program) {
  ContainerSpec spec = spec_of(program, daemon_.image());
  spec.name = value_ + "-" + std::to_string(next_++);
  spec.labels[label()] = value_;
  return spec;
}

std::string RealHarness::image_name() {
  images_.push_back(value_ + "-image:" + std::to_string(next_++));
  return images_.back();
}

std::string RealHarness::mode_of(const std::string& volume) {
  ContainerSpec look = spec({"busybox stat -c '%a %u' /v", {}});
  Mount mount;
  mount.kind = Mount::Kind::kVolume;
  mount.source = volume;
  mount.target = "/v";
  look.mounts = {mount};
  const std::string printed = output_of(*engine_, look);
  return printed.substr(0, printed.find('\n'));
}

namespace {

// The way to the machine's dockerd, one for all harnesses: a test has one at a time.
SocketProxy& docker_proxy() {
  static SocketProxy proxy(DockerDaemon::instance().socket());
  return proxy;
}

// TLS before that, with certificates of its own.
struct TlsFront {
  TempDirectory directory;
  TestCa ca{directory, "engine"};
  TestCa::Pair server = ca.issue("server", "DNS:localhost,IP:127.0.0.1");
  TestCa::Pair client = ca.issue("client", "DNS:client");
  Child proxy{{"python3", PAWL_TLS_PROXY, "--socket", docker_proxy().path(), "--certificate",
               server.certificate, "--key", server.key, "--ca", ca.file()}};
  std::string port = proxy.first_line();

  static EngineConfig config() {
    static TlsFront front;
    PAWL_ASSERT(front.port.starts_with("port "));
    EngineConfig config;
    config.host = "tcp://127.0.0.1:" + front.port.substr(5);
    config.ca_file = front.ca.file();
    config.cert_file = front.client.certificate;
    config.key_file = front.client.key;
    return config;
  }
};

struct Output : LogSink {
  std::string text;
  bool take(LogRecord&& record) override {
    text += record.text;
    return true;
  }
  std::optional<std::int64_t> before_wait() override { return -1; }
};

}  // namespace

DockerHarness::DockerHarness()
    : RealHarness(DockerDaemon::instance(), docker_proxy(),
                  EngineConfig{.host = "unix://" + docker_proxy().path()}) {}

TlsDockerHarness::TlsDockerHarness()
    : RealHarness(DockerDaemon::instance(), docker_proxy(), TlsFront::config()) {}

std::string output_of(ContainerEngine& engine, const ContainerSpec& spec) {
  PAWL_ASSERT(engine.create(spec, {}).ok());
  PAWL_ASSERT(engine.start(spec.name, {}).ok());
  PAWL_ASSERT(engine.wait(spec.name, 60'000, {}).ok());
  Output output;
  PAWL_ASSERT(engine.follow_logs(spec.name, 0, output, {}).ok());
  return output.text;
}

}  // namespace pawl
