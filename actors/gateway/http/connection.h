// One client's connection: reads a request, hands it out, writes the answer, and again. Inside gateway_http
// only.
//
// Thread: its loop's, except where said.
#pragma once
#include "actors/gateway/http/loop.h"
#include "actors/gateway/http/reader.h"
#include <array>
#include <boost/asio/buffer.hpp>
#include <optional>

namespace troupe::http {

class connection : public std::enable_shared_from_this<connection> {
public:
  connection(std::shared_ptr<loop> where, boost::asio::ip::tcp::socket socket);

  void start();
  void complete(std::optional<response> with); // of the request that was handed out; none: nobody answered
  void drain();                                // close as soon as nothing is under way
  void close();                                // at once
  void check(steady::time_point now);          // has its time run out?

  bool idle() const {
    return phase_ == phase::reading && reader_.state() == reader::progress::idle && begin_ == end_;
  }
  steady::time_point since() const { return since_; }
  const std::shared_ptr<loop>& where() const { return loop_; }
  request& asked() { return reader_.message(); } // also elsewhere, while the request is handed out

private:
  enum class phase {
    reading,   // a request, or waiting for one
    handling,  // it is handed out
    writing,   // the answer
    lingering, // ours is said; waiting for the client to close
    closed
  };

  void pump();
  bool step(); // false: something has to happen first
  bool read_on();
  bool write_on();
  bool hand_out();
  bool next();
  void refuse(refusal why);
  void say(response with, bool keep);
  void interim();
  void linger();
  void discard();
  void await_bytes();
  void make_room();
  void hold(std::size_t bytes); // of bodies, now
  void enter(phase to, steady::duration within);
  std::array<boost::asio::const_buffer, 2> unsent() const;

  const std::shared_ptr<loop> loop_;
  boost::asio::ip::tcp::socket socket_;
  reader reader_;
  phase phase_ = phase::reading;
  steady::time_point since_;    // of the phase, or of the request's first byte
  steady::time_point deadline_; // max(): none
  bool pumping_ = false;
  bool receiving_ = false; // a read is under way
  bool waiting_ = false;   // for room to write
  bool continued_ = false; // "100 Continue" was said to this request
  bool keep_ = true;       // the connection, behind the answer
  bool counted_ = false;   // in core::in_flight
  std::size_t held_ = 0;   // counted in core::held_bytes
  std::size_t discarded_ = 0;

  std::vector<char> buffer_; // what has arrived and is not consumed stands in [begin_, end_)
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string head_; // the answer
  std::string body_;
  std::size_t sent_ = 0; // of both together
};

} // namespace troupe::http
