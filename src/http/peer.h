// Who is at the other end of an accepted socket.
#pragma once

#include "http/message.h"

namespace pawl::http {

[[nodiscard]] Peer peer_of(int fd, bool is_unix);

}  // namespace pawl::http
