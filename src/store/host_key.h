// The host's key, which signs the history's chain: `<state>/host.key`, mode 0600, 64 hex digits and a newline: the
// seed of an Ed25519 key. It proves that this host wrote the history to whoever has noted its public half elsewhere; against someone
// who can read the file it proves nothing.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/signing.h"

namespace pawl::store {

// Made where it is missing or makes no sense (kept as `host.key.damaged` then). Where it cannot be written, the key lasts as
// long as the process, and the log says so: a full disk must not keep an agent from starting.
[[nodiscard]] Result<SigningKey> establish_host_key(const std::string& directory);

// Nothing where it is missing or makes no sense.
[[nodiscard]] std::optional<PublicKey> read_public_key(const std::string& directory);

}  // namespace pawl::store
