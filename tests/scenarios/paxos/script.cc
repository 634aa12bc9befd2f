#include "tests/scenarios/paxos/script.h"
#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace troupe::paxos::testing {

namespace {

using words = std::vector<std::string>;

words split(const std::string& line) {
  std::istringstream in(line);
  words out;
  for (std::string word; in >> word;)
    out.push_back(word);
  return out;
}

member_id number(const std::string& word) {
  return std::stoull(word);
}

msg::Member member_from(const std::string& word) {
  auto colon = word.find(':');
  std::string kind = colon == std::string::npos ? "storage" : word.substr(colon + 1);
  msg::MemberKind of = msg::STORAGE_REPLICA;
  if (kind == "log")
    of = msg::LOG_REPLICA;
  else if (kind == "learner")
    of = msg::LEARNER;
  else if (kind != "storage")
    throw std::invalid_argument("there is no kind of member " + kind);
  return member(number(word.substr(0, colon)), of);
}

std::vector<msg::Member> members_from(words::const_iterator begin, words::const_iterator end) {
  std::vector<msg::Member> out;
  std::transform(begin, end, std::back_inserter(out), member_from);
  return out;
}

instant duration(const std::string& word) {
  std::size_t digits = 0;
  instant value = std::stoll(word, &digits);
  std::string unit = word.substr(digits);
  if (unit == "us")
    return value;
  if (unit == "ms")
    return value * 1000;
  if (unit == "s")
    return value * 1'000'000;
  throw std::invalid_argument("there is no unit of time " + unit);
}

cluster::filter filter_from(const words& all, std::size_t first) {
  std::vector<cluster::filter> filters;
  for (std::size_t i = first; i < all.size(); ++i) {
    const std::string& word = all[i];
    if (word.starts_with("from:"))
      filters.push_back(from(number(word.substr(5))));
    else if (word.starts_with("to:"))
      filters.push_back(toward(number(word.substr(3))));
    else
      filters.push_back([word](const msg::PaxosMessage& m) { return word_of(m.body_case()) == word; });
  }
  return [filters](const msg::PaxosMessage& m) {
    return std::all_of(filters.begin(), filters.end(), [&](const auto& f) { return f(m); });
  };
}

bool is_heartbeat(const std::string& line) {
  return line.find(" Heartbeat") != std::string::npos;
}

void snapshot(cluster& c, member_id source, member_id target) {
  msg::SnapshotHeader header;
  header.set_group(cluster::group_id);
  header.set_index(c[source].applied_index());
  header.set_link(c[source].link_at(header.index()));
  *header.mutable_configuration() = c[source].configuration();
  header.set_configuration_index(c[source].configuration_index());
  if (!c[target].restore(header, c.now))
    throw std::runtime_error("the snapshot was refused");
  c.at(target).items = c.at(source).items;
  c.pump(target);
}

void truncate(cluster& c, member_id id, log_index up_to) {
  c[id].truncated(up_to);
  disk& d = c.at(id).stored;
  d.base = up_to;
  d.base_link = d.log.at(up_to).link();
  std::erase_if(d.log, [up_to](const auto& pair) { return pair.first <= up_to; });
}

} // namespace

cluster& script::group() {
  if (!cluster_)
    throw std::runtime_error("a scenario begins with its members");
  return *cluster_;
}

std::string script::traced() {
  std::string out;
  for (const std::string& line : group().trace)
    if (heartbeats_ || !is_heartbeat(line))
      out += line + "\n";
  group().trace.clear();
  return out;
}

std::string script::run(const std::string& line) {
  words w = split(line);
  const std::string& command = w.at(0);
  if (command == "members") {
    std::size_t append = limits::append_entries;
    if (w.back().starts_with("append=")) {
      append = std::stoull(w.back().substr(7));
      w.pop_back();
    }
    cluster_ = std::make_unique<cluster>(members_from(w.begin() + 1, w.end()),
                                         [append](options& o) { o.bounds.append_entries = append; });
    return "";
  }
  cluster& c = group();
  std::ostringstream out;
  if (command == "campaign") {
    c[number(w.at(1))].campaign(c.now);
    c.pump_all();
  } else if (command == "propose" || command == "write") {
    member_id id = number(w.at(1));
    std::string payload = line.substr(line.find(w.at(2), line.find(w.at(1)) + w.at(1).size()));
    auto index = c[id].propose(payload, c.now);
    out << (index ? "index " + std::to_string(*index) : "refused") << "\n";
    c.pump_all();
    if (command == "write")
      c.settle();
    out << traced();
  } else if (command == "deliver") {
    c.pump_all();
    if (w.size() == 1)
      c.settle();
    else
      c.deliver(filter_from(w, 1));
    out << traced();
  } else if (command == "first") {
    c.pump_all();
    bool had = false;
    auto matches = filter_from(w, 1);
    c.deliver([&](const msg::PaxosMessage& m) { return !had && (had = matches(m)); });
    out << traced();
  } else if (command == "drop") {
    c.pump_all();
    c.drop(filter_from(w, 1));
    out << traced();
  } else if (command == "wire") {
    for (const auto& m : c.wire)
      out << line_of(m) << "\n";
  } else if (command == "keep") {
    c.keep_back = w.size() == 1 ? cluster::filter() : filter_from(w, 1);
  } else if (command == "run") {
    c.run(duration(w.at(1)));
    out << traced();
  } else if (command == "wait") {
    c.now += duration(w.at(1));
  } else if (command == "tick") {
    c.tick(number(w.at(1)));
  } else if (command == "trace") {
    heartbeats_ = w.at(1) == "heartbeats";
  } else if (command == "cut") {
    auto arrow = w.at(1).find("->");
    if (arrow == std::string::npos)
      c.cut(number(w.at(1)), number(w.at(2)));
    else
      c.cut_one_way(number(w.at(1).substr(0, arrow)), number(w.at(1).substr(arrow + 2)));
  } else if (command == "isolate") {
    c.isolate(number(w.at(1)));
  } else if (command == "heal") {
    c.heal();
  } else if (command == "crash") {
    c.crash(number(w.at(1)), w.size() == 2);
  } else if (command == "restart") {
    c.restart(number(w.at(1)));
  } else if (command == "hold-disk") {
    c.hold_disk(number(w.at(1)));
  } else if (command == "release-disk") {
    c.release_disk(number(w.at(1)));
  } else if (command == "hand-over") {
    out << (c[number(w.at(1))].hand_over(number(w.at(2)), c.now) ? "begun" : "refused") << "\n";
    c.pump_all();
  } else if (command == "add") {
    c.add(member_from(w.at(1)));
  } else if (command == "change") {
    member_id id = number(w.at(1));
    auto next = configuration(c[id].configuration().epoch() + 1, members_from(w.begin() + 2, w.end()));
    auto index = c[id].propose_configuration(next, c.now);
    out << (index ? "index " + std::to_string(*index) : "refused") << "\n";
    c.pump_all();
  } else if (command == "truncate") {
    truncate(c, number(w.at(1)), number(w.at(2)));
  } else if (command == "snapshot") {
    snapshot(c, number(w.at(1)), number(w.at(2)));
  } else if (command == "status") {
    for (const auto& [id, n] : c.nodes)
      out << (n.member ? n.member->describe() + (n.member->serving(c.now) ? ", serving" : "")
                       : "member " + std::to_string(id) + " down")
          << "\n";
  } else if (command == "log") {
    // As the disk has it: stale entries above what a leader wrote are seen too.
    for (const auto& [index, entry] : c.at(number(w.at(1))).stored.log)
      out << line_of(entry) << "\n";
  } else if (command == "items") {
    for (const std::string& item : c.at(number(w.at(1))).items)
      out << item << "\n";
  } else if (command == "counters") {
    const auto& n = c[number(w.at(1))].counters();
    out << "elections " << n.elections_started << " begun " << n.elections_won << " won, questions dropped "
        << n.pre_votes_dropped << ", stepped down " << n.stepped_down << ", leases lost " << n.leases_lost
        << ", links refused " << n.links_refused << "\n";
  } else {
    throw std::invalid_argument("there is no command " + command);
  }
  return out.str();
}

} // namespace troupe::paxos::testing
