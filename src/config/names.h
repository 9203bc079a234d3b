// Rules for the words that people choose: environment variables, webhook paths, images, users, ...
// (The rule of names itself is model/pipeline.h's is_valid_name.) Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace pawl::config {

// What is_valid_name() takes, for messages.
inline constexpr std::string_view kNameRule = "a-z or 0-9 first, then up to 62 of a-z 0-9 . _ -";

// The valid name nearest to `text` ("Nightly Backup" -> "nightly-backup"); empty when there is
// none.
[[nodiscard]] std::string slug(std::string_view text);

// For the JSON Schema, what the functions below take; they are a little stricter (".." and lengths).
inline constexpr std::string_view kVariablePattern = "^[A-Za-z_][A-Za-z0-9_]*$";
inline constexpr std::string_view kWebhookPathPattern = "^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$";
inline constexpr std::string_view kSecretPattern = "^[A-Za-z0-9._-]+$";
inline constexpr std::string_view kOutputPattern = "^[A-Za-z_][A-Za-z0-9_-]*$";
inline constexpr std::string_view kEventPattern = "^[a-z0-9_.:-]+$";
inline constexpr std::string_view kMountPattern = "^/[^:]*:/[^:]+(:(ro|rw))?$";
inline constexpr std::string_view kCapabilityPattern = "^[A-Za-z_]+$";
inline constexpr std::string_view kSluggablePattern = "[A-Za-z0-9]";  // slug() gives a name

// a-z to A-Z: what a param or an axis is called in the environment, behind its prefix.
[[nodiscard]] std::string upper_case(std::string text);

// [A-Za-z_][A-Za-z0-9_]*
[[nodiscard]] bool is_variable_name(std::string_view text);
// Segments of [A-Za-z0-9._-], none of them "." or "..", with single '/' between them.
[[nodiscard]] bool is_webhook_path(std::string_view text);
// One such segment: the name of a file in the secrets directory.
[[nodiscard]] bool is_secret_name(std::string_view text);
// [a-z0-9_.:-]+: what providers call a delivery's kind (pull_request, repo:push).
[[nodiscard]] bool is_event_name(std::string_view text);
// Characters and shape of [registry[:port]/]path[:tag][@digest]; no look-up.
[[nodiscard]] bool is_image_reference(std::string_view text);
// user or user:group, each a name or a number.
[[nodiscard]] bool is_user(std::string_view text);
// Docker's rule for networks: [A-Za-z0-9][A-Za-z0-9_.-]*
[[nodiscard]] bool is_network_name(std::string_view text);
// Letters, digits, '-' and '.', as in host names.
[[nodiscard]] bool is_host_name(std::string_view text);

}  // namespace pawl::config
