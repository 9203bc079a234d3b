#include "git_fixture.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "git/child_process.h"

namespace pawl::test {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string>& environment() {
  static const std::vector<std::string> variables = {
      std::string("PATH=") + ::getenv("PATH"),
      "HOME=/nonexistent",
      "LANG=C",
      "GIT_CONFIG_NOSYSTEM=1",
      "GIT_CONFIG_GLOBAL=/dev/null",
      "GIT_AUTHOR_NAME=T",
      "GIT_AUTHOR_EMAIL=t@example.com",
      "GIT_COMMITTER_NAME=T",
      "GIT_COMMITTER_EMAIL=t@example.com",
      "GIT_ALLOW_PROTOCOL=file",
  };
  return variables;
}

}  // namespace

TempDirectory::TempDirectory() {
  std::string pattern = (fs::temp_directory_path() / "pawl-git-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string run(const std::vector<std::string>& command, const std::string& input,
                const std::string& directory) {
  ChildCommand child;
  child.executable = "/usr/bin/env";
  child.arguments = {"env", "-C", directory};
  child.arguments.insert(child.arguments.end(), command.begin(), command.end());
  child.environment = environment();
  child.input = input;
  child.output_bytes_max = 64 * 1024 * 1024;
  child.deadline_ms = 120'000;
  std::string errors;
  child.on_error_line = [&](std::string_view line) { errors += std::string(line) + "\n"; };
  const auto outcome = run_child(child);
  REQUIRE(outcome.ok());
  std::string text;
  for (const std::string& word : command) text += word + " ";
  INFO(text, errors);
  REQUIRE(outcome->end == ChildOutcome::End::kExited);
  REQUIRE(outcome->code == 0);
  std::string output = outcome->output;
  if (!output.empty() && output.back() == '\n') output.pop_back();
  return output;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_text(const std::string& path, const std::string& content) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  REQUIRE(file.good());
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> paths_of(const PullResult& result) {
  std::vector<std::string> paths;
  for (const PulledFile& file : result.files) paths.push_back(file.path);
  return paths;
}

WorkTree::WorkTree(std::string path) : path_(std::move(path)) {
  fs::create_directories(path_);
  git({"init", "--quiet", "--initial-branch=main", "."});
  commit("pipelines/build.yaml", "name: build\n");
}

std::string WorkTree::git(const std::vector<std::string>& arguments,
                          const std::string& input) const {
  std::vector<std::string> command = {"git"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command, input, path_);
}

std::string WorkTree::commit(const std::string& file, const std::string& content) {
  write_text(path_ + "/" + file, content);
  return commit_all();
}

std::string WorkTree::commit_all() {
  git({"add", "--all", "."});
  git({"commit", "--quiet", "--allow-empty", "--message", "commit " + std::to_string(++commits_)});
  return head();
}

GitServer::GitServer(const TempDirectory& directory, std::vector<std::string> arguments,
                     const std::string& log_name)
    : log_(directory / log_name) {
  arguments.insert(arguments.begin(), {"python3", PAWL_GIT_SERVER, "--log", log_});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  REQUIRE(::posix_spawnp(&pid_, "python3", &actions, nullptr, argv.data(), environ) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string line;
  for (char c = 0; c != '\n' && ::read(ends[0], &c, 1) == 1;) line += c;
  ::close(ends[0]);
  REQUIRE(line.rfind("port ", 0) == 0);
  port_ = std::stoi(line.substr(5));
}

GitServer::~GitServer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string GitServer::url(const std::string& path, const std::string& host,
                           const std::string& scheme) const {
  return scheme + "://" + host + ":" + std::to_string(port_) + path;
}

std::vector<std::string> GitServer::requests() const { return lines_of(read_text(log_)); }

int GitServer::fetches() const {
  int count = 0;
  for (const std::string& request : requests()) {
    if (request.rfind("POST ", 0) == 0) ++count;
  }
  return count;
}

TestCertificates make_certificates(const TempDirectory& directory, const std::string& prefix,
                                   const std::string& name) {
  const std::string base = directory / prefix;
  TestCertificates made{base + "-ca.pem", base + ".pem", base + ".key"};
  run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
       "-nodes", "-subj", "/CN=" + prefix + " CA", "-days", "2", "-keyout", base + "-ca.key",
       "-out", made.ca_file});
  run({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
       "-subj", "/CN=" + prefix + " server", "-keyout", made.key_file, "-out", base + ".csr"});
  write_text(base + ".ext", "subjectAltName=" + name + "\n");
  run({"openssl", "x509", "-req", "-in", base + ".csr", "-CA", made.ca_file, "-CAkey",
       base + "-ca.key", "-CAcreateserial", "-days", "2", "-extfile", base + ".ext", "-out",
       made.certificate_file});
  return made;
}

TestCertificates make_expired_certificates(const TempDirectory& directory,
                                           const std::string& prefix, const std::string& name) {
  TestCertificates made = make_certificates(directory, prefix, name);
  const std::string base = directory / prefix;
  write_text(base + ".index", "");
  write_text(base + ".serial", "1000\n");
  write_text(base + ".cnf",
             "[ca]\ndefault_ca = it\n[it]\ndatabase = " + base + ".index\nserial = " + base +
                 ".serial\nnew_certs_dir = " + directory.path() +
                 "\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n");
  run({"openssl",    "ca",
       "-batch",     "-notext",
       "-config",    base + ".cnf",
       "-cert",      made.ca_file,
       "-keyfile",   base + "-ca.key",
       "-in",        base + ".csr",
       "-extfile",   base + ".ext",
       "-startdate", "20200101000000Z",
       "-enddate",   "20210101000000Z",
       "-out",       made.certificate_file});
  return made;
}

PullProcess::Options pull_options(const TempDirectory& directory, std::int64_t deadline_ms) {
  PullProcess::Options options;
  options.executable = pull_child_path();
  options.cache_directory = directory / "cache";
  options.deadline_ms = deadline_ms;
  return options;
}

SourceConfig source_at(const std::string& url, const std::string& path) {
  SourceConfig source;
  source.name = "fleet";
  source.url = url;
  source.path = path;
  return source;
}

std::string clone_folder(const PullProcess::Options& options) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(options.cache_directory)) {
    names.push_back(entry.path().string());
  }
  REQUIRE(names.size() == 1);
  return names.front();
}

std::string pull_child_path() { return PAWL_PULL_CHILD; }

}  // namespace pawl::test
