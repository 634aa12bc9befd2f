#include "tests/cluster/network.h"
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <map>
#include <mutex>
#include <net/if.h>
#include <poll.h>
#include <queue>
#include <random>
#include <sched.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace troupe::cluster_test {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* device = "troupe0";
constexpr std::size_t packet_max = 2'048;  // more than the device's 1,500
constexpr std::size_t destination_at = 16; // in an IPv4 header

class descriptor {
public:
  explicit descriptor(int fd = -1) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor() {
    if (fd_ >= 0)
      close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

// One namespace and the end of its wire.
struct place {
  std::string address;
  descriptor space;
  descriptor wire;
};

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

int valid(int fd, const std::string& what) {
  if (fd < 0)
    refuse(what);
  return fd;
}

void write_file(const std::string& path, const std::string& text) {
  descriptor file(valid(open(path.c_str(), O_WRONLY | O_CLOEXEC), path));
  if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    refuse(path);
}

ifreq request(const char* name) {
  ifreq r{};
  std::strncpy(r.ifr_name, name, IFNAMSIZ - 1);
  return r;
}

void set_address(int socket, unsigned long what, const char* name, const std::string& address) {
  auto r = request(name);
  auto& in = reinterpret_cast<sockaddr_in&>(r.ifr_addr);
  in.sin_family = AF_INET;
  inet_pton(AF_INET, address.c_str(), &in.sin_addr);
  if (ioctl(socket, what, &r) != 0)
    refuse("setting an address of " + std::string(name));
}

void bring_up(int socket, const char* name) {
  auto r = request(name);
  if (ioctl(socket, SIOCGIFFLAGS, &r) != 0)
    refuse(name);
  r.ifr_flags = static_cast<short>(r.ifr_flags | IFF_UP);
  if (ioctl(socket, SIOCSIFFLAGS, &r) != 0)
    refuse("starting " + std::string(name));
}

// Moves the calling thread into a new namespace, with 127.0.0.1 for itself and `address` on a wire whose
// other end is returned. The rest of 127/8 is taken from the loopback device, or it would lead nowhere else.
place settle(const std::string& address) {
  if (unshare(CLONE_NEWNET) != 0)
    refuse("making a network namespace");
  place made;
  made.address = address;
  made.space =
      descriptor(valid(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "/proc/thread-self/ns/net"));
  descriptor control(valid(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
  bring_up(control.get(), "lo");
  set_address(control.get(), SIOCSIFNETMASK, "lo", "255.255.255.255");
  made.wire = descriptor(valid(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun"));
  auto r = request(device);
  r.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(made.wire.get(), TUNSETIFF, &r) != 0)
    refuse("making a TUN device");
  for (const std::string scope : {"all", device}) {
    write_file("/proc/sys/net/ipv4/conf/" + scope + "/route_localnet", "1");
    write_file("/proc/sys/net/ipv4/conf/" + scope + "/rp_filter", "0");
  }
  set_address(control.get(), SIOCSIFADDR, device, address);
  set_address(control.get(), SIOCSIFNETMASK, device, "255.255.255.0");
  bring_up(control.get(), device);
  return made;
}

struct road {
  bool cut = false;
  int loss_percent = 0;
  microseconds least{0};
  microseconds most{0};
  std::uint64_t carried = 0;
  std::uint64_t dropped = 0;
};

struct packet {
  steady_clock::time_point due;
  std::size_t from;
  std::size_t to;
  std::string bytes;
  bool operator>(const packet& other) const { return due > other.due; }
};

} // namespace

struct network::inside {
  std::map<std::string, std::size_t> index; // of places; `outside` is the last
  std::vector<place> places;
  descriptor home; // where the thread that made the network came from
  descriptor bell{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::thread carrier;

  mutable std::mutex mutex; // of what follows
  bool ending = false;
  std::vector<std::vector<road>> roads; // [from][to]
  std::priority_queue<packet, std::vector<packet>, std::greater<>> late;
  std::mt19937_64 random{1};

  road& between(const std::string& from, const std::string& to) {
    return roads[index.at(from)][index.at(to)];
  }

  void deliver(const packet& p) {
    auto& on = roads[p.from][p.to];
    if (on.cut || write(places[p.to].wire.get(), p.bytes.data(), p.bytes.size()) < 0)
      ++on.dropped;
    else
      ++on.carried;
  }

  void take(std::size_t from, const char* bytes, std::size_t size) {
    auto to = size > destination_at + 3
                  ? static_cast<unsigned char>(bytes[destination_at + 3]) - std::size_t{1}
                  : from;
    if (to >= places.size() || to == from)
      return; // nobody's
    auto& on = roads[from][to];
    if (on.loss_percent > 0 && static_cast<int>(random() % 100) < on.loss_percent) {
      ++on.dropped;
      return;
    }
    packet p{steady_clock::now(), from, to, std::string(bytes, size)};
    if (on.most == microseconds(0))
      return deliver(p);
    auto spread = static_cast<std::uint64_t>((on.most - on.least).count()) + 1;
    p.due += on.least + microseconds(random() % spread);
    late.push(std::move(p));
  }

  void carry() {
    std::vector<pollfd> ends;
    for (auto& p : places)
      ends.push_back({p.wire.get(), POLLIN, 0});
    ends.push_back({bell.get(), POLLIN, 0});
    std::array<char, packet_max> buffer;
    for (;;) {
      timespec wait{1, 0};
      {
        std::lock_guard lock(mutex);
        if (ending)
          return;
        auto now = steady_clock::now();
        for (; !late.empty() && late.top().due <= now; late.pop())
          deliver(late.top());
        if (!late.empty()) {
          auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(late.top().due - now).count();
          wait = {ns / 1'000'000'000, ns % 1'000'000'000};
        }
      }
      ppoll(ends.data(), ends.size(), &wait, nullptr);
      for (std::size_t i = 0; i < places.size(); ++i) {
        if ((ends[i].revents & POLLIN) == 0)
          continue;
        std::lock_guard lock(mutex);
        // Some at a time, so that no road starves the others.
        for (int n = 0; n < 64; ++n) {
          auto size = read(ends[i].fd, buffer.data(), buffer.size());
          if (size <= 0)
            break;
          take(i, buffer.data(), static_cast<std::size_t>(size));
        }
      }
    }
  }
};

network::network() : in_(new inside) {}

std::unique_ptr<network> network::make(const std::vector<std::string>& nodes, std::string& why_not) {
  std::unique_ptr<network> made(new network);
  auto& in = *made->in_;
  auto address = [](std::size_t i) { return "127.77.0." + std::to_string(i + 1); };
  try {
    for (auto& n : nodes) {
      in.index[n] = in.places.size();
      place one;
      std::string trouble;
      // A thread of its own, which ends outside of where everybody else is.
      std::thread([&] {
        try {
          one = settle(address(in.places.size()));
        } catch (const std::exception& why) {
          trouble = why.what();
        }
      }).join();
      if (!trouble.empty())
        throw std::runtime_error(trouble);
      in.places.push_back(std::move(one));
    }
    descriptor before(
        valid(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "/proc/thread-self/ns/net"));
    in.index[outside] = in.places.size();
    in.home = std::move(before);
    in.places.push_back(settle(address(in.places.size())));
  } catch (const std::exception& why) {
    why_not = why.what();
    return nullptr;
  }
  in.roads.assign(in.places.size(), std::vector<road>(in.places.size()));
  in.carrier = std::thread([&in] { in.carry(); });
  return made;
}

network::~network() {
  if (in_->carrier.joinable()) {
    {
      std::lock_guard lock(in_->mutex);
      in_->ending = true;
    }
    std::uint64_t one = 1;
    [[maybe_unused]] auto rung = write(in_->bell.get(), &one, sizeof one);
    in_->carrier.join();
  }
  if (in_->home.get() >= 0)
    setns(in_->home.get(), CLONE_NEWNET);
}

std::string network::address(const std::string& node) const {
  return in_->places[in_->index.at(node)].address;
}

bool network::enter(const std::string& node) const {
  return setns(in_->places[in_->index.at(node)].space.get(), CLONE_NEWNET) == 0;
}

void network::cut_road(const std::string& from, const std::string& to) {
  std::lock_guard lock(in_->mutex);
  in_->between(from, to).cut = true;
}

void network::cut(const std::string& a, const std::string& b) {
  std::lock_guard lock(in_->mutex);
  in_->between(a, b).cut = in_->between(b, a).cut = true;
}

void network::mend(const std::string& a, const std::string& b) {
  std::lock_guard lock(in_->mutex);
  for (auto* r : {&in_->between(a, b), &in_->between(b, a)})
    *r = road{.carried = r->carried, .dropped = r->dropped};
}

void network::delay(const std::string& a, const std::string& b, milliseconds least, milliseconds most) {
  std::lock_guard lock(in_->mutex);
  for (auto* r : {&in_->between(a, b), &in_->between(b, a)}) {
    r->least = least;
    r->most = std::max(least, most);
  }
}

void network::lose(const std::string& a, const std::string& b, int percent) {
  std::lock_guard lock(in_->mutex);
  in_->between(a, b).loss_percent = in_->between(b, a).loss_percent = percent;
}

void network::mend_all() {
  std::lock_guard lock(in_->mutex);
  for (auto& from : in_->roads)
    for (auto& r : from)
      r = road{.carried = r.carried, .dropped = r.dropped};
}

std::uint64_t network::carried(const std::string& from, const std::string& to) const {
  std::lock_guard lock(in_->mutex);
  return in_->between(from, to).carried;
}

std::uint64_t network::dropped(const std::string& from, const std::string& to) const {
  std::lock_guard lock(in_->mutex);
  return in_->between(from, to).dropped;
}

} // namespace troupe::cluster_test
