// etcd as the bench sees it: linearizable Range and Put over gRPC, asynchronously, one completion queue a
// thread, several connections, all to the member that leads. Going to the leader spares etcd the hop from a
// follower. Usage: bench_etcd --help
#include "tests/bench/etcd.grpc.pb.h"
#include "tests/bench/peer_main.h"
#include <algorithm>
#include <chrono>
#include <grpcpp/grpcpp.h>
#include <optional>
#include <stdexcept>
#include <thread>

namespace {

using namespace troupe::bench;
namespace api = etcdserverpb;
using wall = std::chrono::system_clock;

constexpr auto request_deadline = std::chrono::seconds(5); // as `troupe bench` has it
constexpr auto ready_deadline = std::chrono::seconds(30);
constexpr auto step_time = std::chrono::milliseconds(100);

std::shared_ptr<grpc::Channel> connect(const std::string& server) {
  grpc::ChannelArguments arguments;
  // Channels to one address would share one connection otherwise.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

class etcd_peer : public peer {
public:
  etcd_peer(const std::string& leader, std::uint32_t connections, std::uint32_t clients) : calls_(clients) {
    for (std::uint32_t i = 0; i < connections; ++i) {
      auto channel = connect(leader);
      if (!channel->WaitForConnected(wall::now() + ready_deadline))
        throw std::runtime_error("cannot connect to etcd at " + leader);
      stubs_.push_back(api::KV::NewStub(channel));
    }
  }

  ~etcd_peer() override {
    for (auto& one : calls_)
      if (one.context)
        one.context->TryCancel();
    answers_.Shutdown();
    void* tag = nullptr;
    for (bool ok = false; answers_.Next(&tag, &ok);) {
    }
  }

  void read(std::uint32_t client, const std::string& key) override {
    auto& one = prepare(client);
    one.range.set_key(key);
    one.is_read = true;
    one.range_reader = stub_of(client).AsyncRange(&*one.context, one.range, &answers_);
    one.range_reader->Finish(&one.found, &one.status, &one);
  }

  void write(std::uint32_t client, const std::string& key, const std::string& value) override {
    auto& one = prepare(client);
    one.put.set_key(key);
    one.put.set_value(value);
    one.is_read = false;
    one.put_reader = stub_of(client).AsyncPut(&*one.context, one.put, &answers_);
    one.put_reader->Finish(&one.written, &one.status, &one);
  }

  void step(const heard& tell) override {
    void* tag = nullptr;
    bool ok = false;
    if (answers_.AsyncNext(&tag, &ok, wall::now() + step_time) != grpc::CompletionQueue::GOT_EVENT)
      return;
    auto* one = static_cast<call*>(tag);
    tell(static_cast<std::uint32_t>(one - calls_.data()), ending_of(*one));
  }

private:
  struct call {
    std::optional<grpc::ClientContext> context; // serves one request
    grpc::Status status;
    bool is_read = false;
    api::RangeRequest range;
    api::RangeResponse found;
    std::unique_ptr<grpc::ClientAsyncResponseReader<api::RangeResponse>> range_reader;
    api::PutRequest put;
    api::PutResponse written;
    std::unique_ptr<grpc::ClientAsyncResponseReader<api::PutResponse>> put_reader;
  };

  call& prepare(std::uint32_t client) {
    auto& one = calls_[client];
    one.context.emplace();
    one.context->set_deadline(wall::now() + request_deadline);
    return one;
  }

  api::KV::Stub& stub_of(std::uint32_t client) { return *stubs_[client % stubs_.size()]; }

  static ending ending_of(const call& one) {
    if (one.status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED)
      return ending::unknown;
    if (one.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED)
      return ending::rejected;
    if (one.status.error_code() == grpc::StatusCode::UNAVAILABLE)
      throw std::runtime_error("etcd is gone: " + one.status.error_message());
    if (!one.status.ok())
      return ending::failed;
    return !one.is_read || one.found.kvs_size() == 1 ? ending::ok : ending::missing;
  }

  std::vector<std::unique_ptr<api::KV::Stub>> stubs_;
  std::vector<call> calls_; // by client; never resized
  grpc::CompletionQueue answers_;
};

// The member that says of itself that it leads, once all agree; nothing while they do not.
std::optional<std::string> leader_among(const std::vector<std::string>& servers) {
  std::optional<std::string> leader;
  std::uint64_t agreed = 0;
  for (const auto& server : servers) {
    auto stub = api::Maintenance::NewStub(connect(server));
    grpc::ClientContext context;
    context.set_deadline(wall::now() + std::chrono::seconds(1));
    api::StatusResponse said;
    if (!stub->Status(&context, {}, &said).ok() || said.leader() == 0)
      return std::nullopt;
    if (agreed != 0 && agreed != said.leader())
      return std::nullopt;
    agreed = said.leader();
    if (said.header().member_id() == agreed)
      leader = server;
  }
  return leader;
}

peer_maker find(const peer_address& where) {
  const auto deadline = std::chrono::steady_clock::now() + ready_deadline;
  auto leader = leader_among(where.servers);
  while (!leader && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(step_time);
    leader = leader_among(where.servers);
  }
  if (!leader)
    throw std::runtime_error("these members of etcd do not agree on a leader among them");
  return [server = *leader, where](std::uint32_t clients) {
    const auto wanted = where.connections == 0 ? clients : where.connections / where.threads;
    return std::make_unique<etcd_peer>(server, std::clamp(wanted, 1u, clients), clients);
  };
}

} // namespace

int main(int argc, char** argv) {
  return peer_main({.target = "etcd",
                    .about = "Measure an etcd cluster with the loads of troupe bench",
                    .connections = 8,
                    .find = find},
                   argc, argv);
}
