#include "exec/secret_patterns.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::size_t kBase64LineBytes = 76;  // of base64(1), and MIME's
constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string_view trimmed(std::string_view secret) {
  const auto is_newline = [](char c) { return c == '\n' || c == '\r'; };
  while (!secret.empty() && is_newline(secret.front())) secret.remove_prefix(1);
  while (!secret.empty() && is_newline(secret.back())) secret.remove_suffix(1);
  return secret;
}

// What is the same whatever precedes (`before` bytes, modulo 3) and follows the bytes.
std::string base64_middle(std::string_view bytes, std::size_t before, std::string_view alphabet) {
  constexpr std::size_t kBits = 6;
  const std::size_t end = 8 * (before + bytes.size()) / kBits;
  std::string text;
  for (std::size_t i = (8 * before + kBits - 1) / kBits; i < end; ++i) {
    const std::size_t bit = i * kBits - 8 * before;
    const auto at = [&](std::size_t byte) -> unsigned {
      return byte < bytes.size() ? static_cast<unsigned char>(bytes[byte]) : 0;
    };
    const unsigned two = (at(bit / 8) << 8) | at(bit / 8 + 1);
    text += alphabet[(two >> (16 - kBits - bit % 8)) & 0x3f];
  }
  return text;
}

std::string percent_encoded(std::string_view bytes, std::string_view kept, bool plus_for_space,
                            std::string_view digits) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_alphanumeric =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_alphanumeric || kept.find(c) != std::string_view::npos) {
      text += c;
    } else if (plus_for_space && c == ' ') {
      text += '+';
    } else {
      text += '%';
      text += digits[byte >> 4];
      text += digits[byte & 0xf];
    }
  }
  return text;
}

void add_lines(std::string_view text, std::set<std::string>& found) {
  if (text.find('\n') == std::string_view::npos) return;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (trimmed(line).size() >= limits::kRedactLineBytes) found.emplace(trimmed(line));
  }
}

std::set<std::string> plain_spellings(std::string_view secret) {
  std::set<std::string> found{std::string(secret)};
  add_lines(secret, found);
  return found;
}

std::set<std::string> encoded_spellings(std::string_view secret) {
  std::set<std::string> found;
  for (const std::string_view alphabet : {kStandard, kUrlSafe}) {
    for (std::size_t before = 0; before < 3; ++before) {
      found.insert(base64_middle(secret, before, alphabet));
    }
    const std::string whole = base64_middle(secret, 0, alphabet);
    if (whole.size() <= kBase64LineBytes) continue;
    for (std::size_t i = 0; i + limits::kRedactLineBytes <= whole.size(); i += kBase64LineBytes) {
      found.insert(whole.substr(i, kBase64LineBytes));
    }
  }
  for (const std::string_view digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
    found.insert(percent_encoded(secret, "-._~", false, digits));
    found.insert(percent_encoded(secret, "-._~/", false, digits));
    found.insert(percent_encoded(secret, "-._~!*'()", false, digits));
    found.insert(percent_encoded(secret, "-._~", true, digits));
    found.insert(percent_encoded(secret, "-._*", true, digits));
  }
  return found;
}

std::size_t total_bytes(const std::set<std::string>& texts) {
  std::size_t sum = 0;
  for (const std::string& text : texts) sum += text.size();
  return sum;
}

}  // namespace

SecretPatterns secret_patterns(const std::vector<std::string>& secrets) {
  std::set<std::string> all;
  for (const std::string& secret : secrets) {
    if (trimmed(secret).size() >= limits::kRedactMinBytes)
      all.merge(plain_spellings(trimmed(secret)));
  }
  // Small ones first: it is the large ones that there may be no room for.
  std::vector<std::size_t> by_size(secrets.size());
  for (std::size_t i = 0; i < by_size.size(); ++i) by_size[i] = i;
  std::stable_sort(by_size.begin(), by_size.end(), [&](std::size_t a, std::size_t b) {
    return secrets[a].size() < secrets[b].size();
  });
  SecretPatterns result;
  std::size_t used = total_bytes(all);
  for (const std::size_t i : by_size) {
    const std::string_view secret = trimmed(secrets[i]);
    if (secret.size() < limits::kRedactMinBytes) continue;
    // One that is too large as it is need not be spelled out first.
    std::set<std::string> encoded;
    if (used + secret.size() <= limits::kRedactPatternBytes) encoded = encoded_spellings(secret);
    const std::size_t bytes = total_bytes(encoded);
    if (encoded.empty() || used + bytes > limits::kRedactPatternBytes) {
      result.plain_only.push_back(i);
      continue;
    }
    used += bytes;
    all.merge(encoded);
  }
  result.patterns.assign(all.begin(), all.end());
  return result;
}

}  // namespace pawl
