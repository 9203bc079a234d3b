// Server-sent events (WHATWG HTML §9.2) of everything that changes.
//
// An event's id is "SEQUENCE-START": the change's sequence and the agent's start in milliseconds, so
// that a Last-Event-ID from before a restart is known as such. What cannot be made up for (too old,
// another start, a reader too slow) becomes one `gap` event: read everything afresh.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"
#include "ports/control.h"

namespace pawl::http {

// One event in its wire form, blank line included.
[[nodiscard]] std::string format_event(const Change& change, WallTime agent_start);
[[nodiscard]] std::string format_gap(std::uint64_t next, WallTime agent_start);

// The sequence in a Last-Event-ID of this start of the agent; nothing for any other text.
[[nodiscard]] std::optional<std::uint64_t> parse_event_id(std::string_view text,
                                                          WallTime agent_start);

// Sends events until the client is gone or the agent stops. `last_event_id`: the header, or "".
[[nodiscard]] bool stream_events(Control& control, const std::string& last_event_id,
                                 StreamWriter& out);

}  // namespace pawl::http
