// The bytes in which the pull child hands its reply to the agent.
//
//   "PAWLPULL" | version u32 | payload length u64 | payload | SHA-256 of the payload (32 bytes)
//
// Integers are little-endian; a text is its length (u32) and its bytes. The agent takes the child for
// hostile: decoding is bounded by model/limits.h before it allocates, and what it returns keeps every
// promise of ports/git_source.h. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/git_source.h"

namespace pawl {

struct PullReply {
  bool failed = false;
  Error error;        // failed
  PullResult result;  // not failed
  // The local clone was read or replaced without finding damage: an earlier suspicion is settled.
  bool clone_sound = false;
};

// The longest bundle that decode_bundle() takes.
[[nodiscard]] std::size_t bundle_bytes_max();

[[nodiscard]] std::string encode_bundle(const PullReply& reply);

// Errors: kCorrupt (no bundle, torn, or its parts contradict each other), kTooLarge (over a bound).
[[nodiscard]] Result<PullReply> decode_bundle(std::string_view bytes);

// No empty, `.` or `..` part, no control character, at most kSourcePathBytes. decode_bundle() demands
// it of every file, and that they are sorted and unique.
[[nodiscard]] bool is_plain_relative_path(std::string_view path);

}  // namespace pawl
