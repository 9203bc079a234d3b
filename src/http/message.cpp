#include "http/message.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace pawl::http {
namespace {

constexpr std::string_view kRetryAfterS = "2";

// RFC 9110 §5.6.7, in English whatever the locale.
std::string http_date() {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                                   kMonths[static_cast<std::size_t>(utc.tm_mon)],
                                   utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return std::string(text.data(), static_cast<std::size_t>(length));
}

std::string without_controls(std::string_view value) {
  std::string out;
  for (char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) out += c;
  }
  return out;
}

}  // namespace

std::vector<std::string_view> Request::header_values(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Header& header : headers) {
    if (header.name == name) values.push_back(header.value);
  }
  return values;
}

std::string_view Request::header(std::string_view name) const {
  const std::vector<std::string_view> values = header_values(name);
  return values.size() == 1 ? values.front() : std::string_view();
}

bool Request::has_header(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const Header& header) { return header.name == name; });
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

Response json_response(const Json& json, int status) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = json.dump();
  response.body += '\n';
  return response;
}

Response text_response(std::string text, int status) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

Response problem(int status, std::string_view detail) {
  Json json;
  json.set("type", "about:blank");
  json.set("title", reason_phrase(status));
  json.set("status", status);
  json.set("detail", detail);
  Response response = json_response(json, status);
  response.content_type = "application/problem+json";
  if (status == 429 || status == 503) {
    response.headers.push_back({"Retry-After", std::string(kRetryAfterS)});
  }
  return response;
}

Response problem(const Error& error) { return problem(status_of(error.kind), error.text()); }

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return 400;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kDenied:
      return 403;
    case ErrorKind::kTooLarge:
      return 413;
    case ErrorKind::kExhausted:
    case ErrorKind::kUnavailable:
      return 503;
    case ErrorKind::kTimeout:
      return 504;
    case ErrorKind::kCorrupt:
    case ErrorKind::kCancelled:
    case ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

std::vector<Header> answer_headers(const Response& response) {
  std::vector<Header> headers = {{"Date", http_date()}, {"X-Content-Type-Options", "nosniff"}};
  if (!response.content_type.empty()) headers.push_back({"Content-Type", response.content_type});
  for (const Header& header : response.headers) {
    headers.push_back({header.name, without_controls(header.value)});
  }
  return headers;
}

std::string last_answer(const Response& response) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text.append(reason_phrase(response.status)).append("\r\n");
  for (const auto& [name, value] : answer_headers(response)) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  text.append("Content-Length: ").append(std::to_string(response.body.size()));
  return text.append("\r\nConnection: close\r\n\r\n").append(response.body);
}

}  // namespace pawl::http
