// The story of a pull, as the child tells it: take the request, give up what is not needed, read the
// source, see that a parser survives each file, hand the bundle over.
//
// stdout carries the bundle and nothing else, in one piece at the end: an agent that finds less than a
// whole one knows that the child died.
#include "git/pull_child.h"

#include <unistd.h>

#include <cerrno>
#include <new>

#include "git/bundle.h"
#include "git/local_pull.h"
#include "git/pull_request.h"
#include "git/remote_pull.h"
#include "git/sandbox.h"
#include "git/source_url.h"
#include "git/stage.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;

Result<std::string> read_input() {
  std::string text(limits::kPullRequestBytes + 1, '\0');
  std::size_t used = 0;
  while (used < text.size()) {
    const ssize_t count = ::read(STDIN_FILENO, text.data() + used, text.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error{ErrorKind::kInternal, "cannot read the request", {}};
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  if (used == text.size()) return Error{ErrorKind::kTooLarge, "the request is too long", {}};
  text.resize(used);
  return text;
}

bool write_output(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<PullReply> pull(const PullRequest& request, const VetFile& vet) {
  PAWL_TRY(const SourceUrl url, parse_source_url(request.source.url));
  auto reply = url.scheme == SourceUrl::Scheme::kLocal ? pull_local(request, url)
                                                       : pull_remote(request, url);
  if (!reply || reply->failed || !vet) return reply;
  for (const PulledFile& file : reply->result.files) {
    enter_stage(Stage::kCheck, file.path);
    vet(file);
  }
  return reply;
}

PullReply failed(Error error) {
  PullReply reply;
  reply.failed = true;
  reply.error = std::move(error);
  return reply;
}

PullReply reply_to(const PullRequest& request, const VetFile& vet) {
  try {
    auto reply = pull(request, vet);
    return reply ? std::move(*reply) : failed(std::move(reply).error());
  } catch (const std::bad_alloc&) {
    return failed(Error{ErrorKind::kTooLarge, "the pull needs more memory than it may have", {}});
  } catch (const std::exception& exception) {
    return failed(Error{ErrorKind::kInternal, exception.what(), {}});
  }
}

}  // namespace

int run_pull_child(const VetFile& vet) {
  const auto text = read_input();
  if (!text) return kExitFailed;
  const auto request = decode_request(*text);
  if (!request) return kExitFailed;
  if (!limit_process(static_cast<pid_t>(request->parent_process), request->deadline_ms)) {
    return kExitFailed;
  }
  enter_stage(Stage::kStart, "starting");
  return write_output(encode_bundle(reply_to(*request, vet))) ? kExitDone : kExitFailed;
}

}  // namespace pawl
