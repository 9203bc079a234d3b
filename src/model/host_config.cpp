// Patterns decide what Git content may ask for, and the text comes from there: matching must be
// linear, or one long image name would hold up the loop. The usual greedy match that goes back to
// the last star is quadratic ("*aaab" against "aaaa..."), and so is string_view::find; so the
// pieces between stars are found, leftmost first, by Knuth-Morris-Pratt.
#include "model/host_config.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace pawl {
namespace {

// Where the first occurrence of `piece` in `text` ends.
std::optional<std::size_t> find_end(std::string_view text, std::string_view piece) {
  // border[i]: length of the longest proper prefix of piece[0..i] that is also its suffix.
  std::vector<std::size_t> border(piece.size(), 0);
  std::size_t matched = 0;
  for (std::size_t i = 1; i < piece.size(); ++i) {
    while (matched > 0 && piece[i] != piece[matched]) matched = border[matched - 1];
    if (piece[i] == piece[matched]) ++matched;
    border[i] = matched;
  }
  matched = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    while (matched > 0 && text[i] != piece[matched]) matched = border[matched - 1];
    if (text[i] == piece[matched]) ++matched;
    if (matched == piece.size()) return i + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_not_here(const HostSelector& selector, const HostConfig& host) {
  const bool is_named =
      selector.names.empty() ||
      std::any_of(selector.names.begin(), selector.names.end(), [&](const std::string& pattern) {
        return matches_pattern(pattern, host.host_name);
      });
  if (!is_named) {
    std::string names;
    for (const std::string& name : selector.names) names += (names.empty() ? "" : ", ") + name;
    return "hosts.names is for " + names + "; this host is " + host.host_name;
  }
  for (const auto& [label, value] : selector.labels) {
    const auto found = host.labels.find(label);
    if (found != host.labels.end() && found->second == value) continue;
    return "hosts.labels is for " + label + ": " + value + "; this host has " +
           (found == host.labels.end() ? "no such label" : label + ": " + found->second);
  }
  return std::nullopt;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  const std::size_t first_star = pattern.find('*');
  if (first_star == std::string_view::npos) return pattern == text;
  const std::size_t last_star = pattern.rfind('*');
  const std::string_view prefix = pattern.substr(0, first_star);
  const std::string_view suffix = pattern.substr(last_star + 1);
  if (text.size() < prefix.size() + suffix.size() || !text.starts_with(prefix) ||
      !text.ends_with(suffix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  text.remove_suffix(suffix.size());
  std::string_view middle = pattern.substr(first_star, last_star - first_star);
  while (!middle.empty()) {
    middle.remove_prefix(1);  // its star
    const std::string_view piece = middle.substr(0, middle.find('*'));
    middle.remove_prefix(piece.size());
    if (piece.empty()) continue;
    const std::optional<std::size_t> end = find_end(text, piece);
    if (!end) return false;
    text.remove_prefix(*end);
  }
  return true;
}

}  // namespace pawl
