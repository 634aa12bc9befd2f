#include "tests/unit/core/paxos/cluster.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace troupe::paxos::testing {

namespace {

using body = msg::PaxosMessage;

std::string text(const msg::Ballot& ballot) {
  return std::to_string(ballot.round()) + "." + std::to_string(ballot.member());
}

template <class Entries>
std::string text_of(const Entries& entries) {
  std::string out;
  for (const msg::Entry& entry : entries)
    out += " " + line_of(entry);
  return out;
}

void expect(bool holds, const char* what) {
  if (holds)
    return;
  std::fprintf(stderr, "test cluster: %s\n", what);
  std::abort();
}

} // namespace

std::string word_of(body::BodyCase which) {
  switch (which) {
  case body::kPreVote:
    return "PreVote";
  case body::kPreVoteReply:
    return "PreVoteReply";
  case body::kPrepare:
    return "Prepare";
  case body::kPromise:
    return "Promise";
  case body::kAccept:
    return "Accept";
  case body::kAccepted:
    return "Accepted";
  case body::kHeartbeat:
    return "Heartbeat";
  case body::kHeartbeatReply:
    return "HeartbeatReply";
  case body::kCatchUp:
    return "CatchUp";
  case body::kChosen:
    return "Chosen";
  case body::kHandOff:
    return "HandOff";
  case body::kRemoved:
    return "Removed";
  case body::BODY_NOT_SET:
    break;
  }
  return "Nothing";
}

std::string line_of(const msg::Entry& entry) {
  std::string value = entry.payload();
  if (entry.kind() == msg::Entry::NOOP)
    value = "noop";
  if (entry.kind() == msg::Entry::CONFIGURATION) {
    msg::Configuration configuration;
    configuration.ParseFromString(entry.payload());
    value = "members(";
    for (const msg::Member& m : configuration.members())
      value += (value.back() == '(' ? "" : ",") + std::to_string(m.id());
    value += ")";
  }
  if (value.size() > 24)
    value = value.substr(0, 12) + "..." + std::to_string(value.size());
  return std::to_string(entry.index()) + "@" + text(entry.ballot()) + "=" + value;
}

std::string line_of(const msg::PaxosMessage& m) {
  std::string out = std::to_string(m.from()) + "->" + std::to_string(m.to()) + " " + word_of(m.body_case());
  auto n = [](std::uint64_t value) { return std::to_string(value); };
  switch (m.body_case()) {
  case body::kPreVote:
    out += " " + text(m.pre_vote().ballot()) + " commit " + n(m.pre_vote().commit());
    break;
  case body::kPreVoteReply:
    out += m.pre_vote_reply().granted()        ? " granted"
           : m.pre_vote_reply().hears_leader() ? " hears the leader"
           : m.pre_vote_reply().behind()       ? " behind commit " + n(m.pre_vote_reply().commit())
                                               : " not now";
    break;
  case body::kPrepare:
    out += " " + text(m.prepare().ballot()) + " above " + n(m.prepare().commit());
    if (m.prepare().has_handed_off())
      out += " handed off by " + text(m.prepare().handed_off());
    break;
  case body::kPromise:
    out += " " + text(m.promise().ballot());
    if (m.promise().granted())
      out += " granted commit " + n(m.promise().commit()) + text_of(m.promise().entries());
    else if (m.promise().behind())
      out += " refused: behind commit " + n(m.promise().commit());
    else
      out += m.promise().lease_left_us() > 0 ? " refused: lease"
                                             : " refused: promised " + text(m.promise().promised());
    break;
  case body::kAccept:
    out += " " + text(m.accept().ballot()) + " after " + n(m.accept().previous_index()) + " commit " +
           n(m.accept().commit()) + text_of(m.accept().entries());
    break;
  case body::kAccepted:
    out += " " + text(m.accepted().ballot());
    if (m.accepted().granted())
      out += " match " + n(m.accepted().match());
    else
      out += m.accepted().need() > 0 ? " gap: need " + n(m.accepted().need())
                                     : " refused: promised " + text(m.accepted().promised());
    break;
  case body::kHeartbeat:
    out += " " + text(m.heartbeat().ballot()) + " commit " + n(m.heartbeat().commit());
    break;
  case body::kHeartbeatReply:
    out += " " + text(m.heartbeat_reply().ballot());
    out += m.heartbeat_reply().granted() ? " match " + n(m.heartbeat_reply().match())
                                         : " refused: promised " + text(m.heartbeat_reply().promised());
    break;
  case body::kCatchUp:
    out += " from " + n(m.catch_up().from());
    break;
  case body::kChosen:
    out += " commit " + n(m.chosen().commit()) + (m.chosen().gone() ? " gone" : "") +
           text_of(m.chosen().entries());
    break;
  case body::kHandOff:
    out += " " + text(m.hand_off().ballot()) + " to " + n(m.hand_off().successor());
    break;
  case body::kRemoved:
    out += " epoch " + n(m.removed().configuration().epoch());
    break;
  case body::BODY_NOT_SET:
    break;
  }
  return out;
}

msg::Member member(member_id id, msg::MemberKind kind) {
  msg::Member m;
  m.set_id(id);
  m.set_kind(kind);
  return m;
}

msg::Configuration configuration(std::uint64_t epoch, std::vector<msg::Member> members) {
  msg::Configuration c;
  c.set_epoch(epoch);
  for (msg::Member& m : members)
    *c.add_members() = std::move(m);
  return c;
}

cluster::cluster(std::vector<msg::Member> members, std::function<void(options&)> adjust)
    : adjust_(std::move(adjust)) {
  for (const msg::Member& m : members) {
    node& n = nodes[m.id()];
    n.opts.self = m.id();
    n.keeps_items = m.kind() != msg::LOG_REPLICA;
    *n.stored.hard_state.mutable_configuration() = configuration(1, members);
    restored from;
    from.fresh = true;
    from.hard_state = n.stored.hard_state;
    open(n, std::move(from));
  }
}

void cluster::add(msg::Member m, const msg::Configuration& told) {
  node& n = nodes[m.id()];
  n.opts.self = m.id();
  n.keeps_items = m.kind() != msg::LOG_REPLICA;
  restored from;
  from.fresh = true;
  *from.hard_state.mutable_configuration() = told;
  open(n, std::move(from));
}

void cluster::open(node& n, restored from) {
  n.opts.group = group_id;
  n.opts.seed = 11;
  from.items = n.keeps_items;
  if (adjust_)
    adjust_(n.opts);
  n.member = std::make_unique<group>(n.opts, std::move(from), now);
  n.member->set_log_reader([&n](log_index first, log_index last, std::size_t max_bytes) {
    if (n.read_bytes == 0)
      return read(n, first, last, max_bytes);
    if (!n.at_hand.empty() && n.at_hand.front().index() <= first && first <= n.at_hand.back().index())
      return std::vector(n.at_hand.begin() + static_cast<std::ptrdiff_t>(first - n.at_hand.front().index()),
                         n.at_hand.end());
    if (!n.reading)
      n.reading = {first, last};
    return std::vector<msg::Entry>();
  });
}

std::vector<msg::Entry> cluster::read(const node& n, log_index first, log_index last, std::size_t max_bytes) {
  std::vector<msg::Entry> entries;
  std::size_t bytes = 0;
  for (auto it = n.stored.log.find(first); it != n.stored.log.end() && it->first <= last; ++it) {
    bytes += it->second.payload().size();
    if (!entries.empty() && bytes > max_bytes)
      break;
    entries.push_back(it->second);
  }
  return entries;
}

void cluster::reads_arrive() {
  for (auto& [id, n] : nodes)
    if (auto asked = std::exchange(n.reading, std::nullopt); asked && n.member) {
      n.at_hand = read(n, asked->first, asked->second, n.read_bytes);
      n.member->log_at_hand(now);
      pump(id);
    }
}

void cluster::finish_writing(node& n) {
  ready r = std::move(*n.writing);
  n.writing.reset();
  disk& d = n.stored;
  if (r.reset_log) {
    d.log.clear();
    d.base = r.reset_log->index;
    d.base_link = r.reset_log->link;
  }
  if (r.hard_state)
    d.hard_state = *r.hard_state;
  for (const auto& entry : r.entries)
    d.log[entry->index()] = *entry;
  for (auto& m : r.messages_after)
    wire.push_back(std::move(m));
  n.member->persisted(r.id, now);
}

void cluster::answer(node& n) {
  for (const auto& entry : n.member->take_chosen()) {
    if (!n.keeps_items)
      continue;
    if (entry->kind() == msg::Entry::COMMAND)
      n.items.push_back(entry->payload());
    n.member->applied(entry->index(), now);
  }
}

void cluster::pump(member_id id) {
  node& n = nodes.at(id);
  if (!n.member)
    return;
  for (int turns = 0; n.member->has_ready(); ++turns) {
    expect(turns < 100'000, "a member never runs out of things to say");
    n.writing = n.member->take_ready();
    for (auto& m : n.writing->messages_now)
      wire.push_back(std::move(m));
    n.writing->messages_now.clear();
    if (n.disk_held && n.writing->needs_disk())
      break;
    finish_writing(n);
    answer(n);
  }
  for (auto& m : n.member->take_messages())
    wire.push_back(std::move(m));
  answer(n);
}

void cluster::pump_all() {
  for (auto& [id, n] : nodes)
    pump(id);
}

void cluster::release_disk(member_id id) {
  node& n = nodes.at(id);
  n.disk_held = false;
  if (n.writing)
    finish_writing(n);
  pump(id);
}

std::size_t cluster::deliver(const filter& which) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < wire.size();) {
    if (which && !which(wire[i])) {
      ++i;
      continue;
    }
    expect(++count < 1'000'000, "the wire never falls silent");
    msg::PaxosMessage m = std::move(wire[i]);
    wire.erase(wire.begin() + static_cast<std::ptrdiff_t>(i));
    auto to = nodes.find(m.to());
    bool lost = cut_links.contains({m.from(), m.to()}) || to == nodes.end() || !to->second.member;
    trace.push_back(line_of(m) + (lost ? "  (lost)" : ""));
    if (lost)
      continue;
    std::string bytes = m.SerializeAsString(); // over a real wire
    msg::PaxosMessage arrived;
    expect(arrived.ParseFromString(bytes), "a message can be read back");
    to->second.member->step(std::move(arrived), now);
    pump(m.to());
  }
  return count;
}

std::size_t cluster::drop(const filter& which) {
  std::size_t before = wire.size();
  std::erase_if(wire, [&](const msg::PaxosMessage& m) {
    if (which && !which(m))
      return false;
    trace.push_back(line_of(m) + "  (dropped)");
    return true;
  });
  return before - wire.size();
}

void cluster::settle() {
  pump_all();
  while (deliver([this](const msg::PaxosMessage& m) { return !keep_back || !keep_back(m); }) > 0) {
  }
}

void cluster::tick(member_id id) {
  if (nodes.at(id).member) {
    nodes.at(id).member->tick(now);
    pump(id);
  }
}

void cluster::run(instant microseconds) {
  instant until = now + microseconds;
  settle();
  for (int steps = 0;; ++steps) {
    expect(steps < 1'000'000, "time stands still");
    instant next = until;
    for (auto& [id, n] : nodes) {
      if (n.member && n.ticks)
        next = std::min(next, std::max(n.member->next_deadline(), now + 1));
      if (n.reading)
        next = std::min(next, now + 1'000);
    }
    now = std::max(now, next);
    if (now >= until)
      break;
    reads_arrive();
    for (auto& [id, n] : nodes)
      if (n.member && n.ticks && n.member->next_deadline() <= now)
        tick(id);
    settle();
  }
}

bool cluster::run_until(const std::function<bool()>& holds, instant limit) {
  for (instant passed = 0; passed < limit; passed += 10'000) {
    if (holds())
      return true;
    run(10'000);
  }
  return holds();
}

void cluster::cut_one_way(member_id from_id, member_id to_id) {
  cut_links.insert({from_id, to_id});
}

void cluster::cut(member_id a, member_id b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}

void cluster::isolate(member_id id) {
  for (auto& [other, n] : nodes)
    if (other != id)
      cut(id, other);
}

void cluster::heal() {
  cut_links.clear();
}

void cluster::crash(member_id id, bool items_flushed) {
  node& n = nodes.at(id);
  if (items_flushed && n.keeps_items) {
    n.stored.items = n.items;
    n.stored.applied = n.member->applied_index();
    auto at = n.stored.log.find(n.stored.applied);
    n.stored.applied_link = at == n.stored.log.end() ? n.stored.base_link : at->second.link();
  }
  n.member.reset();
  n.writing.reset();
  std::erase_if(wire, [id](const msg::PaxosMessage& m) { return m.to() == id; });
}

void cluster::restart(member_id id) {
  node& n = nodes.at(id);
  expect(!n.member, "only a crashed member restarts");
  n.disk_held = false;
  n.items = n.stored.items;
  restored from;
  from.hard_state = n.stored.hard_state;
  from.base = n.stored.base;
  from.base_link = n.stored.base_link;
  for (const auto& [index, entry] : n.stored.log)
    from.entries.push_back(entry);
  from.applied = std::max(n.stored.applied, n.stored.base);
  from.items_link = n.stored.applied >= n.stored.base ? n.stored.applied_link : n.stored.base_link;
  open(n, std::move(from));
}

void cluster::elect(member_id id) {
  nodes.at(id).member->campaign(now);
  settle();
  expect(run_until([&] { return (*this)[id].serving(now); }, 10'000'000),
         "the member asked for came to lead");
}

bool cluster::write(member_id leader_id, const std::string& payload) {
  bool taken = nodes.at(leader_id).member->propose(payload, now).has_value();
  settle();
  return taken;
}

member_id cluster::leader() const {
  member_id best = 0;
  for (const auto& [id, n] : nodes)
    if (n.member && n.member->serving(now) &&
        (best == 0 || before(nodes.at(best).member->ballot(), n.member->ballot())))
      best = id;
  return best;
}

std::uint64_t cluster::elections_won() const {
  std::uint64_t won = 0;
  for (const auto& [id, n] : nodes)
    if (n.member)
      won += n.member->counters().elections_won;
  return won;
}

cluster::filter from(member_id id) {
  return [id](const msg::PaxosMessage& m) { return m.from() == id; };
}

cluster::filter toward(member_id id) {
  return [id](const msg::PaxosMessage& m) { return m.to() == id; };
}

cluster::filter is(body::BodyCase which) {
  return [which](const msg::PaxosMessage& m) { return m.body_case() == which; };
}

cluster::filter both(cluster::filter a, cluster::filter b) {
  return [a = std::move(a), b = std::move(b)](const msg::PaxosMessage& m) { return a(m) && b(m); };
}

cluster two_and_a_log() {
  return cluster({member(1), member(2), member(3, msg::LOG_REPLICA)});
}

msg::Configuration next_of(cluster& c, std::vector<msg::Member> members) {
  return configuration(c[c.leader()].configuration().epoch() + 1, std::move(members));
}

bool change(cluster& c, std::vector<msg::Member> members) {
  member_id leads = c.leader();
  bool taken = c[leads].propose_configuration(next_of(c, std::move(members)), c.now).has_value();
  c.settle();
  return taken;
}

} // namespace troupe::paxos::testing
