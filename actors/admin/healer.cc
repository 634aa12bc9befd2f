#include "actors/admin/healer.h"
#include "actors/wire/mail.h"
#include "config/limits.h"
#include <algorithm>
#include <map>

namespace troupe::admin {

namespace {

using kind = healing::step::kind;

// The newest configuration that the group is known to have committed.
const msg::Configuration& committed(const outlook& view, const msg::PartitionRecord& partition) {
  const auto* told = view.nodes.committed_of(partition.group());
  return told && told->epoch() > partition.configuration().epoch() ? *told : partition.configuration();
}

struct candidate {
  unsigned sound = 0;
  const msg::PartitionRecord* partition = nullptr;
  healing::step step;
};

// A change that grows record by record, up to what goes into one log entry.
class draft {
public:
  explicit draft(const memory& records) {
    next_.cluster = records.cluster();
    next_.cluster.set_version(records.version() + 1);
  }
  void add(msg::PartitionRecord partition) {
    bytes_ += partition.ByteSizeLong();
    next_.partitions.push_back(std::move(partition));
  }
  bool full() const { return next_.partitions.size() >= change_records || bytes_ >= change_bytes; }
  std::optional<change> done() && {
    return next_.partitions.empty() ? std::nullopt : std::optional(std::move(next_));
  }

private:
  change next_;
  std::size_t bytes_ = 0;
};

// The record once the group has committed a newer configuration than it says.
std::optional<msg::PartitionRecord> taken_over(const outlook& view, const msg::PartitionRecord& partition) {
  const auto& now = committed(view, partition);
  if (now.epoch() <= partition.configuration().epoch())
    return std::nullopt;
  auto next = partition;
  next.set_next_member(next_id(partition));
  for (const auto& m : now.members())
    next.set_next_member(std::max(next.next_member(), m.id() + 1));
  *next.mutable_configuration() = now;
  next.clear_target();
  next.clear_withdrawn();
  const auto* grows = member_of(now, next.grow());
  if (!grows || grows->kind() != msg::LOG_REPLICA)
    next.clear_grow();
  return next;
}

// The record when its target will not come about, or not soon: then the next one may be another. A node that
// had its time and did not make the newcomer is left alone for a while. One that was silent for a moment has
// perhaps made it, and is as good as any as soon as it speaks: there may be no other one.
std::optional<msg::PartitionRecord> given_up(const outlook& view, healing_book& book,
                                             const msg::PartitionRecord& partition) {
  auto nothing = partition.configuration();
  nothing.set_epoch(nothing.epoch() + 1);
  if (partition.target().SerializeAsString() == nothing.SerializeAsString())
    return std::nullopt; // given up already: it waits for a leader only
  const auto* newcomer = newcomer_of(partition);
  bool led = view.nodes.server_of(partition.group()) != nullptr;
  bool late = book.waited_us(partition.group(), partition.target().epoch(), newcomer ? newcomer->id() : 0,
                             led, view.now_us) >= healing_book::target_patience_us;
  const auto* said = newcomer ? report_of(view, partition.group(), *newcomer) : nullptr;
  bool runs = said && said->epoch() > 0 && said->trouble().empty();
  bool gone = newcomer && (directory_gone(view, *newcomer) ||
                           (!said && node_silent_us(view, newcomer->node()) >= view.heal.silence_us));
  if (!late && !gone)
    return std::nullopt;
  auto next = partition;
  *next.mutable_target() = std::move(nothing);
  if (newcomer) {
    *next.add_withdrawn() = *newcomer;
    if (late && !runs)
      book.shun(newcomer->node(), view.now_us);
  }
  next.set_why(newcomer && !runs ? "the newcomer on " + newcomer->node() + " did not come to life"
                                 : "the change did not come about: " + partition.why());
  return next;
}

// The metadata group has no record until its leader has said who is in it.
std::optional<msg::PartitionRecord> record_of_metadata(const outlook& view) {
  const auto* told = view.nodes.committed_of(wire::metadata_group);
  if (view.records.partition(wire::metadata_group) || !told || told->members_size() == 0)
    return std::nullopt;
  msg::PartitionRecord record;
  record.set_group(wire::metadata_group);
  *record.mutable_configuration() = *told;
  return record;
}

// One that fetches items takes a place of its node while somebody leads the group, or the archive gives them,
// and bytes come.
bool takes_a_place(const outlook& view, healing_book& book, const msg::PartitionRecord& partition,
                   const msg::Member& grows) {
  const auto* said = report_of(view, partition.group(), grows);
  auto bytes = said ? said->growth_bytes() : 0;
  auto stands = book.growth_stands_us(partition.group(), grows.id(), bytes, view.now_us);
  bool can_come = view.nodes.server_of(partition.group()) || (said && said->growth_archived());
  return can_come && stands < healing_book::growth_patience_us;
}

void note_strays(const outlook& view, healing_book& book, const msg::PartitionRecord& partition) {
  for (const auto& node : view.nodes.holders(partition.group())) {
    const auto& replica = view.nodes.find(node)->replicas.at(partition.group());
    bool wanted = member_of(partition.configuration(), replica.member()) ||
                  member_of(partition.target(), replica.member());
    book.stray(node, partition.group(), !wanted && !replica.retired());
  }
}

class plan {
public:
  plan(const outlook& view, healing_book& book)
      : view_(view), book_(book), spares_(spares_of(view, book)), next_(view.records) {}

  std::optional<change> make() {
    if (auto known = record_of_metadata(view_))
      next_.add(std::move(*known));
    count_under_way();
    for (auto group : book_.turn(view_.records)) {
      if (next_.full()) {
        book_.changed(group);
      } else if (const auto* partition = view_.records.partition(group)) {
        look(*partition);
      } else {
        book_.forget(group);
        book_.no_strays(group);
      }
    }
    grant();
    return std::move(next_).done();
  }

private:
  // In the whole cluster, whoever is looked at.
  void count_under_way() {
    for (auto group : view_.records.ailing()) {
      const auto& partition = *view_.records.partition(group);
      if (!in_care(view_, partition))
        continue;
      under_way_ += partition.has_target() && view_.nodes.server_of(group); // else it waits for a leader
      if (const auto* grows = member_of(partition.configuration(), partition.grow()))
        growing_[grows->node()] += takes_a_place(view_, book_, partition, *grows);
    }
  }

  void look(const msg::PartitionRecord& partition) {
    auto group = partition.group();
    note_strays(view_, book_, partition);
    if (!in_care(view_, partition))
      return book_.forget(group);
    if (auto known = taken_over(view_, partition))
      return next_.add(std::move(*known));
    auto seen = group_seen(view_, partition);
    if (partition.has_target()) {
      book_.of(group).hand_over = false;
      if (auto known = given_up(view_, book_, partition))
        next_.add(std::move(*known));
      else if (seen.leader == 0) // nobody can carry it out, unless somebody grows
        consider(seen, partition, next_step(seen));
      return;
    }
    if (healing::whole(seen, view_.heal.wanted)) {
      book_.forget(group);
      if (partition.ailing_ms() == 0)
        return;
      auto known = partition;
      known.clear_ailing_ms();
      known.clear_why();
      known.clear_grow();
      return next_.add(std::move(known));
    }
    auto& line = book_.of(group);
    if (line.ailing_since_us == 0)
      line.ailing_since_us = view_.now_us;
    offer(seen, view_, partition, spares_);
    auto step = next_step(seen);
    line.hand_over = step.what == kind::hand_over;
    if (consider(seen, partition, step))
      return;
    // A blink is not worth a record.
    bool lasts = view_.now_us - line.ailing_since_us >= view_.heal.silence_us;
    if (partition.ailing_ms() != 0 || (step.what == kind::none && !lasts))
      return;
    next_.add(ailing(partition, step));
  }

  // Nothing is done while healing is stopped; what is wrong is still noted.
  healing::step next_step(const healing::group_view& seen) const {
    auto step = healing::next_step(seen, view_.heal);
    if (view_.records.cluster().has_healing_pause())
      step.what = kind::none;
    return step;
  }

  // True: there is something to do, in its turn.
  bool consider(const healing::group_view& seen, const msg::PartitionRecord& partition,
                const healing::step& step) {
    bool news = step.what == kind::change || (step.what == kind::grow && partition.grow() != step.member);
    if (news)
      candidates_.push_back({healing::sound_voters(seen), &partition, step});
    return news;
  }

  msg::PartitionRecord ailing(const msg::PartitionRecord& partition, const healing::step& step) const {
    auto known = partition;
    if (known.ailing_ms() == 0)
      known.set_ailing_ms(view_.now_ms);
    known.set_why(step.why);
    return known;
  }

  void grant() {
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [](const candidate& a, const candidate& b) { return a.sound < b.sound; });
    bool seated = false;
    for (auto& [sound, partition, step] : candidates_) {
      if (next_.full())
        return;                           // the others are not whole, and have their turn again
      if (seated && step.newcomer != 0) { // the nodes are loaded otherwise now
        auto seen = group_seen(view_, *partition);
        offer(seen, view_, *partition, spares_);
        step = next_step(seen);
      }
      if (step.what != kind::change && step.what != kind::grow)
        continue;
      auto known = ailing(*partition, step);
      if (step.what == kind::grow) {
        auto& busy = growing_[member_of(partition->configuration(), step.member)->node()];
        if (busy >= view_.rebuilds)
          continue;
        ++busy;
        known.set_grow(step.member);
      } else {
        if (under_way_ >= limits::membership_changes)
          continue;
        ++under_way_;
        if (step.newcomer != 0) {
          seated = true;
          spares_.seat(step.target.members().rbegin()->node());
        }
        *known.mutable_target() = std::move(step.target);
        known.set_next_member(step.newcomer != 0 ? step.newcomer + 1 : next_id(*partition));
      }
      next_.add(std::move(known));
    }
  }

  const outlook& view_;
  healing_book& book_;
  spare_nodes spares_;
  draft next_;
  std::size_t under_way_ = 0;
  std::map<std::string, std::size_t> growing_; // by node
  std::vector<candidate> candidates_;
};

} // namespace

std::optional<change> plan_healing(const outlook& view, healing_book& book) {
  return plan(view, book).make();
}

} // namespace troupe::admin
