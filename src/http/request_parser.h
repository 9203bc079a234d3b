// HTTP/1.1 requests from bytes (RFC 9112), stricter than the standard asks: what two parsers could
// read in two ways is refused. Refused are bare CR or LF, control characters, folded lines, space
// before a colon, a repeated Host or Content-Length, Content-Length beside Transfer-Encoding, any
// coding but "chunked", absolute and asterisk forms of the target.
//
// Incremental: each byte is looked at once, however the input is cut. Pure; one thread per object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace pawl::http {

class RequestParser {
 public:
  enum class State : std::uint8_t {
    kHead,    // waits for the whole head
    kBody,    // the head is there
    kDone,    // take_request()
    kFailed,  // error_status(), error_detail(); the connection cannot go on
  };

  explicit RequestParser(std::size_t max_body_bytes) : max_body_bytes_(max_body_bytes) {}

  // Returns how many bytes of `input` were used; the others must be given again, with more behind
  // them. Uses nothing once done or failed.
  [[nodiscard]] std::size_t consume(std::string_view input);

  [[nodiscard]] State state() const { return state_; }
  // The client waits for "100 Continue" before it sends its body. True once.
  [[nodiscard]] bool take_expects_continue();
  [[nodiscard]] std::size_t body_bytes() const { return request_.body.size(); }
  // The request; the parser then starts anew.
  [[nodiscard]] Request take_request();
  // What is known of a request that failed: enough to answer it.
  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] int error_status() const { return error_status_; }
  [[nodiscard]] std::string_view error_detail() const { return error_detail_; }

 private:
  enum class Chunk : std::uint8_t { kSize, kData, kDataEnd, kTrailer };

  [[nodiscard]] std::size_t consume_head(std::string_view input);
  [[nodiscard]] std::size_t consume_body(std::string_view input);
  [[nodiscard]] std::size_t consume_chunk(std::string_view input);
  [[nodiscard]] std::size_t consume_chunk_line(std::string_view input);
  void parse_head(std::string_view head);
  void parse_request_line(std::string_view line);
  void parse_header_line(std::string_view line);
  void check_head();
  void check_framing();
  void parse_chunk_size(std::string_view line);
  void parse_trailer(std::string_view line);
  void fail(int status, std::string_view detail);

  std::size_t max_body_bytes_;
  State state_ = State::kHead;
  Request request_;
  std::size_t scanned_ = 0;     // kHead: bytes that hold no end of the head
  std::size_t line_start_ = 0;  // kHead: start of the line being scanned
  bool is_chunked_ = false;
  bool expects_continue_ = false;
  std::size_t remaining_ = 0;  // of the body, or of the chunk
  Chunk chunk_ = Chunk::kSize;
  std::size_t trailer_bytes_ = 0;
  int error_status_ = 0;
  std::string error_detail_;
};

}  // namespace pawl::http
