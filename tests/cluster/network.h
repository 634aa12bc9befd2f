// The network between the nodes of a cluster test: every node in a network namespace of its own, and between
// the namespaces this program, which carries each packet, late, or not at all, as the test says. Which
// direction of which link is cut is so decided to the packet, and the kernel needs no traffic shaping for it
// (many are built without netem): only namespaces and TUN devices.
//
// The test itself stands in one more namespace, `outside`, so that its clients' links can be cut, too. Only
// the thread that made the network is in it, with the threads and processes it starts from then on: connect
// sessions after making the network, close them before it goes.
//
// Addresses lie in 127/8, because a node without TLS takes nobody else's; in these namespaces they lead from
// one to another. Namespaces have no names: they end with the last process in them, however the test ends.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::cluster_test {

class network {
public:
  static inline const std::string outside = "outside";

  // Null, with the reason, when this user or this kernel cannot have one.
  static std::unique_ptr<network> make(const std::vector<std::string>& nodes, std::string& why_not);
  ~network();
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  std::string address(const std::string& node) const;
  // Moves the calling thread to where the node stands; for a child between fork and exec. False: errno says
  // why.
  bool enter(const std::string& node) const;

  // What happens to packets from one to another from now on. Any thread. Those that are delayed when the road
  // is cut are lost.
  void cut_road(const std::string& from, const std::string& to); // one direction
  void cut(const std::string& a, const std::string& b);          // both
  void mend(const std::string& a, const std::string& b);         // both, without delay and loss
  // Each packet takes `least` to `most`, evenly by chance; so they overtake each other.
  void delay(const std::string& a, const std::string& b, std::chrono::milliseconds least,
             std::chrono::milliseconds most);
  void lose(const std::string& a, const std::string& b, int percent);
  void mend_all();

  std::uint64_t carried(const std::string& from, const std::string& to) const; // packets so far
  std::uint64_t dropped(const std::string& from, const std::string& to) const;

private:
  network();
  struct inside;
  std::unique_ptr<inside> in_;
};

} // namespace troupe::cluster_test
