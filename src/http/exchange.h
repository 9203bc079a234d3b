// One request and its answer: the seam between cpp-httplib's Server, which parses and frames, and our
// handlers, which see plain values.
//
// The server's hooks have no place for what belongs to one connection, so each thread has its current
// exchange at hand.
#pragma once

#include <httplib.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>

#include "http/client_stream.h"
#include "http/message.h"

namespace pawl::http {

// What all exchanges of a listener share. `handler` must not throw.
struct ExchangeSettings {
  std::size_t max_body_bytes = 0;
  std::size_t buffered_bytes = 0;
  std::size_t streams = 0;
  std::function<Response(const Request&)> handler;
};
struct ExchangeTotals {
  std::atomic<std::size_t> buffered{0};  // bytes of bodies held
  std::atomic<std::size_t> streams{0};
};

class Exchange {
 public:
  // Makes the server hand its requests to the exchange that its thread is in.
  static void attach(httplib::Server& server, std::size_t max_body_bytes);

  Exchange(const ExchangeSettings& settings, ExchangeTotals& totals, ClientStream& stream,
           const Peer& peer, bool is_last);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The head is there: called by the server before anything is done about it.
  void on_head(httplib::Request& head);
  // For the server to set; once set, the connection ends after the answer.
  bool is_last = false;
  [[nodiscard]] bool has_head() const { return has_head_; }
  // The request was not read to its end.
  [[nodiscard]] bool is_broken() const { return is_broken_; }

 private:
  void read_body(const httplib::ContentReader& reader, httplib::Response& out);
  void answer(httplib::Response& out);
  void release_body();
  void give(Response response, httplib::Response& out);
  void give_stream(Response response, httplib::Response& out);
  void explain(const httplib::Request& head, httplib::Response& out);
  void finish(httplib::Response& out);

  const ExchangeSettings& settings_;
  ExchangeTotals& totals_;
  ClientStream& stream_;
  Request request_;
  std::optional<Response> refusal_;
  std::size_t charged_ = 0;
  bool has_head_ = false;
  bool is_broken_ = false;
  bool has_length_ = true;  // the answer says how long it is
  bool is_stream_ = false;
};

}  // namespace pawl::http
