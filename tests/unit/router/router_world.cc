#include "tests/unit/router/router_world.h"
#include "actors/client/requests.h"
#include "actors/client/values.h"
#include "tests/unit/stand_in.h"
#include <caf/all.hpp>
#include <gtest/gtest.h>

namespace troupe::router {

namespace {

wire::peers_actor::behavior_type collector(wire::peers_actor::pointer, std::deque<wire::outgoing>* sent) {
  return testing::stand_in<wire::peers_actor>([=](wire::outbox& mail) {
    for (auto& one : mail)
      sent->push_back(std::move(one));
  });
}

} // namespace

msg::ReplicaReply reply_with(msg::Code code) {
  msg::ReplicaReply reply;
  reply.mutable_status()->set_code(code);
  return reply;
}

router_world::router_world(std::size_t inflight, std::uint64_t seed)
    : config_(nodes_test::on_virtual_time()), system_(config_),
      scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())), clock_(scheduler_) {
  peers_ = system_.spawn(collector, &sent_);
  router_options o;
  o.node = "n1";
  o.metadata_nodes = {"n1", "n2", "n3"};
  o.inflight = inflight;
  o.deadline_ms = 5'000;
  o.seed = seed;
  o.peers = peers_;
  o.clock = &clock_;
  o.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
  router_ = spawn_router(system_, std::move(o));
  scheduler_.run();
}

router_world::~router_world() {
  caf::anon_send_exit(router_, caf::exit_reason::kill);
  caf::anon_send_exit(peers_, caf::exit_reason::kill);
  scheduler_.run();
}

void router_world::run(std::chrono::milliseconds time) {
  for (; time.count() > 0; time -= std::chrono::milliseconds(5)) {
    scheduler_.clock().advance_time(std::chrono::milliseconds(5));
    scheduler_.run();
  }
}

void router_world::deliver(const std::string& from, msg::Parcel parcel) {
  wire::inbox mail;
  mail.push_back({std::make_shared<wire::peer>(wire::peer{from, 1, 1, from == "client"}), std::move(parcel)});
  caf::anon_send(router_, std::move(mail));
  scheduler_.run();
}

void router_world::ask(std::uint64_t id, msg::ItemRequest request) {
  msg::Parcel parcel;
  *parcel.mutable_to() = wire::address(msg::ROLE_ROUTER);
  *parcel.mutable_from() = wire::address(msg::ROLE_CLIENT);
  parcel.set_id(id);
  parcel.set_deadline_ms(2'000);
  request.mutable_id()->set_client(1);
  request.mutable_id()->set_sequence(id);
  *parcel.mutable_item_request() = std::move(request);
  deliver("client", std::move(parcel));
}

void router_world::put(std::uint64_t id, const std::string& key) {
  client::put_item wish;
  wish.table = "t";
  wish.item = client::make_item({{"id", client::s(key)}});
  ask(id, wish.to_message());
}

void router_world::get(std::uint64_t id, const std::string& key, bool eventual) {
  client::get_item wish;
  wish.table = "t";
  wish.key = client::make_item({{"id", client::s(key)}});
  wish.eventual = eventual;
  ask(id, wish.to_message());
}

void router_world::scan(std::uint64_t id) {
  msg::ItemRequest request;
  request.set_table("t");
  request.mutable_scan();
  ask(id, std::move(request));
}

std::optional<wire::outgoing> router_world::next_to(msg::Role role) {
  for (auto it = sent_.begin(); it != sent_.end(); ++it) {
    if (it->parcel.to().role() != role)
      continue;
    auto one = std::move(*it);
    sent_.erase(it);
    return one;
  }
  return std::nullopt;
}

wire::outgoing router_world::to(msg::Role role) {
  auto one = next_to(role);
  EXPECT_TRUE(one) << "nothing was sent to a " << msg::Role_Name(role);
  return one ? *one : wire::outgoing{};
}

void router_world::answer(const wire::outgoing& question, msg::ReplicaReply reply) {
  auto parcel = wire::reply_to(question.parcel);
  *parcel.mutable_replica_reply() = std::move(reply);
  deliver(question.node, std::move(parcel));
}

void router_world::undelivered(const wire::outgoing& question) {
  deliver("n1", wire::reply_to(question.parcel));
}

void router_world::moved(const wire::outgoing& question, const std::string& leader) {
  auto reply = reply_with(msg::MOVED);
  reply.mutable_moved()->set_group(7);
  reply.mutable_moved()->set_epoch(1);
  reply.mutable_moved()->set_leader_node(leader);
  answer(question, std::move(reply));
}

namespace {

void fill_map(msg::MapReply& map, std::uint64_t version, std::uint64_t table_id, std::uint64_t group,
              const std::string& key, msg::KeyType type) {
  map.set_version(version);
  auto& table = *map.add_tables();
  table.set_name("t");
  table.set_id(table_id);
  table.set_state(msg::TABLE_ACTIVE);
  table.mutable_keys()->mutable_partition()->set_name(key);
  table.mutable_keys()->mutable_partition()->set_type(type);
  auto& partition = *map.add_partitions();
  partition.set_group(group);
  partition.set_table_id(table_id);
  partition.set_table("t");
  partition.mutable_configuration()->set_epoch(1);
  for (const std::uint64_t id : {1, 2, 3}) {
    auto& member = *partition.mutable_configuration()->add_members();
    member.set_id(id);
    member.set_node("n" + std::to_string(id));
    member.set_kind(msg::STORAGE_REPLICA);
  }
}

} // namespace

void router_world::give_map(const wire::outgoing& question) {
  auto parcel = wire::reply_to(question.parcel);
  fill_map(*parcel.mutable_map_reply(), 3, 1, 7, "id", msg::KEY_TYPE_S);
  deliver(question.node, std::move(parcel));
}

void router_world::give_map_of(const wire::outgoing& question, const msg::TableRecord& table) {
  auto parcel = wire::reply_to(question.parcel);
  auto& map = *parcel.mutable_map_reply();
  fill_map(map, 3, 1, 7, "id", msg::KEY_TYPE_S);
  *map.mutable_tables(0)->mutable_keys() = table.keys();
  *map.mutable_tables(0)->mutable_options() = table.options();
  deliver(question.node, std::move(parcel));
}

void router_world::give_map_of_another(const wire::outgoing& question, const std::string& key,
                                       msg::KeyType type) {
  auto parcel = wire::reply_to(question.parcel);
  fill_map(*parcel.mutable_map_reply(), 5, 2, 8, key, type);
  deliver(question.node, std::move(parcel));
}

void router_world::nothing_new(const wire::outgoing& question) {
  auto parcel = wire::reply_to(question.parcel);
  parcel.mutable_map_reply()->set_version(question.parcel.map_request().known_version());
  parcel.mutable_map_reply()->set_unchanged(true);
  deliver(question.node, std::move(parcel));
}

wire::outgoing router_world::map_question() {
  std::optional<wire::outgoing> newest;
  while (auto question = next_to(msg::ROLE_ADMIN))
    newest = std::move(question);
  EXPECT_TRUE(newest) << "the router does not ask for the map";
  return newest ? *newest : wire::outgoing{};
}

void router_world::describe(std::uint64_t id, msg::DescribeTable::Source source, const std::string& table) {
  msg::Parcel parcel;
  *parcel.mutable_to() = wire::address(msg::ROLE_ROUTER);
  *parcel.mutable_from() = wire::address(msg::ROLE_CLIENT);
  parcel.set_id(id);
  parcel.set_deadline_ms(2'000);
  auto& asked = *parcel.mutable_admin_request()->mutable_describe_table();
  asked.set_name(table);
  asked.set_source(source);
  deliver("client", std::move(parcel));
}

void router_world::give_map_without_table(const wire::outgoing& question) {
  auto parcel = wire::reply_to(question.parcel);
  parcel.mutable_map_reply()->set_version(4);
  deliver(question.node, std::move(parcel));
}

void router_world::learn_map() {
  run(std::chrono::milliseconds(1'000));
  give_map(map_question());
}

void router_world::lose(const std::string& node) {
  caf::anon_send(router_, wire::peer_lost{node});
  scheduler_.run();
}

} // namespace troupe::router
