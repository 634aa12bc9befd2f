// Redis as the bench sees it: GET and SET at the primary, every SET with a WAIT for one replica in the same
// round trip. One connection for each client, since Redis answers the requests of a connection in turn and a
// WAIT would hold up those behind it. One thread serves all its connections through epoll. Usage: bench_redis
// --help
#include "tests/bench/peer_main.h"
#include <array>
#include <chrono>
#include <hiredis/hiredis.h>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <sys/epoll.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace troupe::bench;

constexpr int wait_ms = 5'000; // for a replica's word: the deadline of a write, as `troupe bench` has it
constexpr int step_ms = 100;
constexpr int replicas = 2;
constexpr auto ready_deadline = std::chrono::seconds(30);

struct free_context {
  void operator()(redisContext* c) const { redisFree(c); }
};
struct free_reply {
  void operator()(redisReply* r) const { freeReplyObject(r); }
};
using context_ptr = std::unique_ptr<redisContext, free_context>;
using reply_ptr = std::unique_ptr<redisReply, free_reply>;

struct address {
  std::string host;
  int port = 0;
};

address parse(const std::string& server) {
  const auto colon = server.rfind(':');
  if (colon == std::string::npos)
    throw std::runtime_error("'" + server + "' is not HOST:PORT");
  return {server.substr(0, colon), std::stoi(server.substr(colon + 1))};
}

context_ptr connect(const address& server) {
  context_ptr made(redisConnectWithTimeout(server.host.c_str(), server.port, {5, 0}));
  if (!made || made->err != 0)
    throw std::runtime_error("cannot connect to redis: " + std::string(made ? made->errstr : "no memory"));
  return made;
}

class redis_peer : public peer {
public:
  redis_peer(const address& primary, std::uint32_t clients) : poll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (poll_ < 0)
      throw std::runtime_error("no epoll");
    for (std::uint32_t client = 0; client < clients; ++client) {
      lines_.push_back({connect(primary), 0, ending::ok});
      epoll_event wanted{};
      wanted.events = EPOLLIN;
      wanted.data.u32 = client;
      if (epoll_ctl(poll_, EPOLL_CTL_ADD, lines_.back().context->fd, &wanted) != 0)
        throw std::runtime_error("no epoll");
    }
  }

  ~redis_peer() override { close(poll_); }

  void read(std::uint32_t client, const std::string& key) override {
    auto& one = lines_[client];
    redisAppendCommand(one.context.get(), "GET %b", key.data(), key.size());
    send(one, 1);
  }

  void write(std::uint32_t client, const std::string& key, const std::string& value) override {
    auto& one = lines_[client];
    redisAppendCommand(one.context.get(), "SET %b %b", key.data(), key.size(), value.data(), value.size());
    redisAppendCommand(one.context.get(), "WAIT 1 %d", wait_ms);
    send(one, 2);
  }

  void step(const heard& tell) override {
    std::array<epoll_event, 64> ready;
    const int count = epoll_wait(poll_, ready.data(), static_cast<int>(ready.size()), step_ms);
    for (int i = 0; i < count; ++i)
      receive(ready[static_cast<std::size_t>(i)].data.u32, tell);
  }

private:
  struct line {
    context_ptr context;
    int expected = 0; // replies
    ending worst = ending::ok;
  };

  static void check(const line& one, int result) {
    if (result != REDIS_OK)
      throw std::runtime_error("redis is gone: " + std::string(one.context->errstr));
  }

  // The socket blocks, which does no harm: one small request at a time always fits.
  static void send(line& one, int expected) {
    one.expected = expected;
    one.worst = ending::ok;
    for (int done = 0; done == 0;)
      check(one, redisBufferWrite(one.context.get(), &done));
  }

  void receive(std::uint32_t client, const heard& tell) {
    auto& one = lines_[client];
    check(one, redisBufferRead(one.context.get()));
    while (one.expected > 0) {
      void* raw = nullptr;
      check(one, redisReaderGetReply(one.context->reader, &raw));
      if (raw == nullptr)
        return; // the rest is on its way
      const reply_ptr reply(static_cast<redisReply*>(raw));
      if (const auto how = ending_of(*reply); how != ending::ok)
        one.worst = how;
      if (--one.expected == 0)
        return tell(client, one.worst);
    }
  }

  static ending ending_of(const redisReply& reply) {
    switch (reply.type) {
    case REDIS_REPLY_STATUS: // of SET
    case REDIS_REPLY_STRING: // of GET
      return ending::ok;
    case REDIS_REPLY_INTEGER: // of WAIT: replicas that have it
      return reply.integer >= 1 ? ending::ok : ending::unknown;
    case REDIS_REPLY_NIL:
      return ending::missing;
    default:
      return ending::failed;
    }
  }

  int poll_;
  std::vector<line> lines_; // by client
};

// Whether both replicas have the primary's data and follow.
bool replicas_follow(const address& primary) {
  try {
    const auto context = connect(primary);
    const reply_ptr said(static_cast<redisReply*>(redisCommand(context.get(), "INFO replication")));
    if (!said || said->type != REDIS_REPLY_STRING)
      return false;
    const std::string_view text(said->str, said->len);
    constexpr std::string_view online = "state=online";
    int found = 0;
    for (auto at = text.find(online); at != text.npos; at = text.find(online, at + online.size()))
      ++found;
    return found == replicas;
  } catch (const std::runtime_error&) {
    return false; // it does not listen yet
  }
}

peer_maker find(const peer_address& where) {
  const auto primary = parse(where.servers.front());
  const auto deadline = std::chrono::steady_clock::now() + ready_deadline;
  while (!replicas_follow(primary)) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("redis at " + where.servers.front() + " has no two replicas that follow");
    std::this_thread::sleep_for(std::chrono::milliseconds(step_ms));
  }
  return [primary](std::uint32_t clients) { return std::make_unique<redis_peer>(primary, clients); };
}

} // namespace

int main(int argc, char** argv) {
  return peer_main({.target = "redis",
                    .about =
                        "Measure a Redis primary and its two replicas with the loads of troupe bench; --at "
                        "names the primary. There is one connection for each client",
                    .find = find},
                   argc, argv);
}
