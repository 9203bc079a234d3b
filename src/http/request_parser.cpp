#include "http/request_parser.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "model/limits.h"

namespace pawl::http {
namespace {

// RFC 9110 §5.6.2.
bool is_token_character(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

// Visible ASCII but '#': fragments are never sent.
bool is_target_character(char c) { return c > 0x20 && c < 0x7f && c != '#'; }

bool is_value_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// A member of a comma-separated header that may be repeated.
bool lists(const Request& request, std::string_view name, std::string_view member) {
  for (std::string_view value : request.header_values(name)) {
    while (!value.empty()) {
      const std::size_t end = std::min(value.find(','), value.size());
      if (lower(trim(value.substr(0, end))) == member) return true;
      value.remove_prefix(std::min(end + 1, value.size()));
    }
  }
  return false;
}

}  // namespace

bool RequestParser::take_expects_continue() { return std::exchange(expects_continue_, false); }

Request RequestParser::take_request() {
  Request request = std::move(request_);
  *this = RequestParser(max_body_bytes_);
  return request;
}

void RequestParser::fail(int status, std::string_view detail) {
  if (state_ == State::kFailed) return;
  state_ = State::kFailed;
  error_status_ = status;
  error_detail_ = detail;
  request_.keep_alive = false;
}

std::size_t RequestParser::consume(std::string_view input) {
  std::size_t used = 0;
  if (state_ == State::kHead) used = consume_head(input);
  if (state_ == State::kBody) used += consume_body(input.substr(used));
  return used;
}

// Looks for the empty line, checking on the way that every line ends as it must: a client that
// speaks something else (TLS, say) is told at once and not after a deadline.
std::size_t RequestParser::consume_head(std::string_view input) {
  if (!input.empty() && !is_token_character(input.front())) {
    fail(400, "this is not HTTP/1.1; pawl speaks no TLS here");
    return 0;
  }
  while (true) {
    const std::size_t newline = input.find('\n', scanned_);
    const std::size_t scanned = newline == std::string_view::npos ? input.size() : newline + 1;
    if (line_start_ == 0 && scanned > limits::kHttpTargetBytes + 64) {
      fail(414, "the request line is too long");
      return 0;
    }
    if (scanned > limits::kHttpHeadBytes) {
      fail(431, "the request head is over " + std::to_string(limits::kHttpHeadBytes) + " bytes");
      return 0;
    }
    scanned_ = scanned;
    if (newline == std::string_view::npos) return 0;
    if (newline == line_start_ || input[newline - 1] != '\r') {
      fail(400, "a line of the request head does not end with CR LF");
      return 0;
    }
    if (newline == line_start_ + 1) {
      parse_head(input.substr(0, newline - 1));
      return scanned_;
    }
    line_start_ = newline + 1;
  }
}

void RequestParser::parse_head(std::string_view head) {
  bool is_first = true;
  while (!head.empty() && state_ != State::kFailed) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    if (is_first) {
      parse_request_line(line);
    } else {
      parse_header_line(line);
    }
    is_first = false;
    head.remove_prefix(end + 2);
  }
  if (state_ == State::kFailed) return;
  check_head();
  check_framing();
  if (state_ == State::kFailed) return;
  state_ = is_chunked_ || remaining_ > 0 ? State::kBody : State::kDone;
  if (state_ == State::kDone) expects_continue_ = false;
}

void RequestParser::parse_request_line(std::string_view line) {
  const std::size_t first = std::min(line.find(' '), line.size());
  const std::size_t last = line.rfind(' ');
  if (last == std::string_view::npos || last == first) {
    return fail(400, "the request line is not 'METHOD TARGET VERSION'");
  }
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(line.substr(0, first))) return fail(400, "the method is no token");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return fail(version.starts_with("HTTP/") ? 505 : 400, "the version is not HTTP/1.1");
  }
  if (target.empty() || target.front() != '/' ||
      !std::all_of(target.begin(), target.end(), is_target_character)) {
    return fail(400, "the target is no absolute path of visible ASCII characters");
  }
  if (target.size() > limits::kHttpTargetBytes) return fail(414, "the target is too long");
  const std::size_t question = std::min(target.find('?'), target.size());
  request_.method = line.substr(0, first);
  request_.path = target.substr(0, question);
  request_.query = target.substr(std::min(question + 1, target.size()));
  request_.is_http_1_0 = version == "HTTP/1.0";
}

void RequestParser::parse_header_line(std::string_view line) {
  if (request_.headers.size() == limits::kHttpHeaders) {
    return fail(431, "more than " + std::to_string(limits::kHttpHeaders) + " header lines");
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return fail(400, "a header line is not 'Name: value'");
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), is_value_character)) {
    return fail(400, "a header value has control characters");
  }
  request_.headers.push_back({lower(line.substr(0, colon)), std::string(value)});
}

void RequestParser::check_head() {
  const std::size_t hosts = request_.header_values("host").size();
  if (hosts > 1) return fail(400, "the Host header is repeated");
  if (hosts == 0 && !request_.is_http_1_0) return fail(400, "the Host header is missing");
  request_.keep_alive = request_.is_http_1_0 ? lists(request_, "connection", "keep-alive")
                                             : !lists(request_, "connection", "close");
  if (request_.has_header("expect")) {
    if (lower(request_.header("expect")) != "100-continue") {
      return fail(417, "only 'Expect: 100-continue' can be met");
    }
    expects_continue_ = !request_.is_http_1_0;
  }
}

void RequestParser::check_framing() {
  if (state_ == State::kFailed) return;
  const auto lengths = request_.header_values("content-length");
  const auto codings = request_.header_values("transfer-encoding");
  if (!codings.empty()) {
    if (!lengths.empty()) return fail(400, "Content-Length beside Transfer-Encoding");
    if (request_.is_http_1_0) return fail(400, "Transfer-Encoding from an HTTP/1.0 client");
    if (codings.size() != 1 || lower(codings.front()) != "chunked") {
      return fail(501, "the only transfer coding known is 'chunked'");
    }
    is_chunked_ = true;
    return;
  }
  if (lengths.empty()) return;
  if (lengths.size() > 1) return fail(400, "the Content-Length header is repeated");
  const std::string_view text = lengths.front();
  std::uint64_t length = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (code == std::errc::result_out_of_range) return fail(413, "the body is too large");
  if (text.empty() || code != std::errc{} || stop != text.data() + text.size()) {
    return fail(400, "the Content-Length is no number");
  }
  if (length > max_body_bytes_) {
    return fail(413, "the body is over " + std::to_string(max_body_bytes_) + " bytes");
  }
  remaining_ = static_cast<std::size_t>(length);
}

std::size_t RequestParser::consume_body(std::string_view input) {
  if (!is_chunked_) {
    const std::size_t used = std::min(input.size(), remaining_);
    request_.body.append(input.substr(0, used));
    remaining_ -= used;
    if (remaining_ == 0) state_ = State::kDone;
    return used;
  }
  std::size_t used = 0;
  while (state_ == State::kBody) {
    const std::size_t step = consume_chunk(input.substr(used));
    if (step == 0) break;
    used += step;
  }
  return used;
}

// One line, or as much of the chunk's data as is there; 0 when more is needed.
std::size_t RequestParser::consume_chunk(std::string_view input) {
  if (chunk_ != Chunk::kData) return consume_chunk_line(input);
  const std::size_t used = std::min(input.size(), remaining_);
  request_.body.append(input.substr(0, used));
  remaining_ -= used;
  if (remaining_ == 0) chunk_ = Chunk::kDataEnd;
  return used;
}

std::size_t RequestParser::consume_chunk_line(std::string_view input) {
  const std::size_t bound =
      chunk_ == Chunk::kTrailer ? limits::kHttpTrailerBytes : limits::kHttpChunkLineBytes;
  const std::size_t newline = input.substr(0, bound).find('\n');
  if (newline == std::string_view::npos) {
    if (input.size() >= bound) fail(400, "a line of the chunked body is too long");
    return 0;
  }
  if (newline == 0 || input[newline - 1] != '\r') {
    fail(400, "a line of the chunked body does not end with CR LF");
    return 0;
  }
  const std::string_view line = input.substr(0, newline - 1);
  if (chunk_ == Chunk::kSize) {
    parse_chunk_size(line);
  } else if (chunk_ == Chunk::kTrailer) {
    parse_trailer(line);
  } else if (line.empty()) {
    chunk_ = Chunk::kSize;
  } else {
    fail(400, "a chunk is longer than its size says");
  }
  return newline + 1;
}

void RequestParser::parse_chunk_size(std::string_view line) {
  // Extensions are allowed and mean nothing to us.
  const std::string_view digits = line.substr(0, line.find_first_of("; \t"));
  std::uint32_t size = 0;
  const auto [stop, code] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (code == std::errc::result_out_of_range) return fail(413, "a chunk is too large");
  if (digits.empty() || code != std::errc{} || stop != digits.data() + digits.size() ||
      !std::all_of(line.begin(), line.end(), is_value_character)) {
    return fail(400, "a chunk's size is no hexadecimal number");
  }
  if (size > max_body_bytes_ - request_.body.size()) {
    return fail(413, "the body is over " + std::to_string(max_body_bytes_) + " bytes");
  }
  remaining_ = size;
  chunk_ = size == 0 ? Chunk::kTrailer : Chunk::kData;
}

// Trailer fields are checked for their form and dropped: nothing may come in by that door.
void RequestParser::parse_trailer(std::string_view line) {
  if (line.empty()) {
    state_ = State::kDone;
    return;
  }
  trailer_bytes_ += line.size() + 2;
  const std::size_t colon = line.find(':');
  if (trailer_bytes_ > limits::kHttpTrailerBytes) {
    return fail(431, "the trailer is too long");
  }
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
      !std::all_of(line.begin(), line.end(), is_value_character)) {
    return fail(400, "a trailer line is not 'Name: value'");
  }
}

}  // namespace pawl::http
