// A tiny cluster in one thread for telling stories about core/paxos: every message waits on a wire until the
// test delivers, drops or reorders it; every disk writes at once unless the test holds it; time stands still
// until the test lets it pass. Nothing is random beyond the members' own jitter, which is seeded.
#pragma once
#include "actors/core/paxos/group.h"
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::paxos::testing {

// One message in a line, as scenarios print it.
std::string line_of(const msg::PaxosMessage& message);
std::string word_of(msg::PaxosMessage::BodyCase body); // "Accept", "HeartbeatReply", ...
std::string line_of(const msg::Entry& entry);

msg::Member member(member_id id, msg::MemberKind kind = msg::STORAGE_REPLICA);
msg::Configuration configuration(std::uint64_t epoch, std::vector<msg::Member> members);

// What survives a crash.
struct disk {
  msg::HardState hard_state;
  log_index base = 0;
  std::uint64_t base_link = 0;
  std::map<log_index, msg::Entry> log;
  log_index applied = 0;
  std::uint64_t applied_link = 0;
  std::vector<std::string> items; // payloads of applied commands
};

struct node {
  options opts;
  disk stored;
  std::unique_ptr<group> member;  // null while crashed
  std::vector<std::string> items; // in memory
  bool disk_held = false;         // its ready stays outstanding
  std::optional<ready> writing;
  bool keeps_items = true;
  bool ticks = true;
  // Above 0: its log reader has nothing at hand but what it was asked for last, so many bytes of it, a
  // millisecond later.
  std::size_t read_bytes = 0;
  std::optional<std::pair<log_index, log_index>> reading;
  std::vector<msg::Entry> at_hand;
};

class cluster {
public:
  static constexpr std::uint64_t group_id = 7;

  explicit cluster(std::vector<msg::Member> members, std::function<void(options&)> adjust = {});

  group& operator[](member_id id) { return *nodes.at(id).member; }
  node& at(member_id id) { return nodes.at(id); }

  // Time in microseconds, starting well away from zero.
  instant now = 1'000'000'000;
  std::map<member_id, node> nodes;
  std::deque<msg::PaxosMessage> wire;
  std::set<std::pair<member_id, member_id>> cut_links; // from, to: what is sent there is lost
  std::vector<std::string> trace; // delivered and lost messages since it was last cleared
  std::function<bool(const msg::PaxosMessage&)> keep_back; // true: stays on the wire for now

  // A member that joins an existing group: fresh, with an empty log and no configuration but one it is told.
  void add(msg::Member member, const msg::Configuration& told = {});

  // Persist, speak, answer, as far as the disk allows.
  void pump(member_id id);
  void pump_all();

  // Deliver the messages on the wire that match (all when empty), and whatever they cause that matches too.
  using filter = std::function<bool(const msg::PaxosMessage&)>;
  void settle();
  std::size_t deliver(const filter& which);
  std::size_t drop(const filter& which);

  void tick(member_id id);
  // Lets time pass: members tick at their deadlines, messages arrive at once.
  void run(instant microseconds);
  // Runs until it holds; false after `limit`.
  bool run_until(const std::function<bool()>& holds, instant limit = 20'000'000);

  void cut(member_id a, member_id b);
  void cut_one_way(member_id from, member_id to);
  void heal();
  void isolate(member_id id);

  void crash(member_id id, bool items_flushed = true);
  void restart(member_id id);
  void hold_disk(member_id id) { nodes.at(id).disk_held = true; }
  void release_disk(member_id id);

  // Elects `id` from a standing start and lets everything settle.
  void elect(member_id id);
  // Proposes and settles; false when refused.
  bool write(member_id leader, const std::string& payload);
  member_id leader() const; // the serving one with the highest ballot; 0 when none
  std::uint64_t elections_won() const;

private:
  void finish_writing(node& n);
  static std::vector<msg::Entry> read(const node& n, log_index first, log_index last, std::size_t max_bytes);
  void reads_arrive();
  void answer(node& n);
  void open(node& n, restored from);
  std::function<void(options&)> adjust_;
};

cluster::filter from(member_id id);
cluster::filter toward(member_id id);
cluster::filter is(msg::PaxosMessage::BodyCase body);
cluster::filter both(cluster::filter a, cluster::filter b);

cluster two_and_a_log(); // storage replicas 1 and 2, log replica 3

// The configuration behind the one in force.
msg::Configuration next_of(cluster& c, std::vector<msg::Member> members);
// Lets the leader propose it, and everything settle; false when refused.
bool change(cluster& c, std::vector<msg::Member> members);

} // namespace troupe::paxos::testing
