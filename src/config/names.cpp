#include "config/names.h"

#include <algorithm>

#include "model/limits.h"

namespace pawl::config {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_lower(c) || is_upper(c); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// All characters are letters, digits or of `others`, and there is one.
bool consists_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || others.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string slug(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool is_kept = is_lower(c) || is_digit(c) || c == '.' || c == '_';
    if (is_kept && (is_lower(c) || is_digit(c) || !result.empty())) {
      result += c;
    } else if (!is_kept && !result.empty() && result.back() != '-') {
      result += '-';
    }
    if (result.size() == limits::kNameBytes) break;
  }
  while (!result.empty() && !is_lower(result.back()) && !is_digit(result.back())) result.pop_back();
  return result;
}

std::string upper_case(std::string text) {
  for (char& c : text) {
    if (is_lower(c)) c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

bool is_variable_name(std::string_view text) {
  return consists_of(text, "_") && !is_digit(text.front());
}

bool is_secret_name(std::string_view text) {
  return text != "." && text != ".." && consists_of(text, "._-");
}

bool is_event_name(std::string_view text) {
  return consists_of(text, "_.:-") && std::none_of(text.begin(), text.end(), is_upper);
}

bool is_webhook_path(std::string_view text) {
  while (true) {
    const std::size_t slash = text.find('/');
    if (!is_secret_name(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool is_image_reference(std::string_view text) {
  if (!consists_of(text, "._-/:@") || !(is_letter(text.front()) || is_digit(text.front()))) {
    return false;
  }
  if (text.find("//") != std::string_view::npos) return false;
  return is_letter(text.back()) || is_digit(text.back()) || text.back() == '_';
}

bool is_user(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view user = text.substr(0, colon);
  if (!consists_of(user, "._-") || user.front() == '-') return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view group = text.substr(colon + 1);
  return consists_of(group, "._-") && group.front() != '-';
}

bool is_network_name(std::string_view text) {
  return consists_of(text, "_.-") && (is_letter(text.front()) || is_digit(text.front()));
}

bool is_host_name(std::string_view text) {
  return consists_of(text, ".-") && text.front() != '-' && text.front() != '.';
}

}  // namespace pawl::config
