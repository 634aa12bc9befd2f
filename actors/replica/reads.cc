// Reads. A strong one is answered from what is applied, by a leader whose lease is valid at that moment (or,
// with strict_reads, after a quorum round); an eventual one by any storage replica.
//
// What the overlay does not know is asked of the item store. When its answer comes back, the overlay is
// looked at once more: an item leaves the overlay only after its flush, and the store answers in order, so
// whatever was flushed after the store looked is still here.
#include "actors/replica/replica_state.h"
#include <algorithm>

namespace troupe::replica {

void replica_state::on_read(waiter who, const msg::ReplicaRequest::Read& read) {
  if (!in_range(read.key()) || (!read.eventual() && !core->serving(now())))
    return moved(who);
  if (store_waits.size() + quorum_reads.size() >= options.inflight)
    return refuse(who, msg::OVERLOADED, "too many requests are under way for this partition");
  pending_read p{std::move(who), read.key(), read.eventual()};
  if (!read.eventual() && options.replication.strict_reads) {
    auto token = ++next_token;
    quorum_reads.emplace(token, std::move(p));
    core->read_index(token, now());
    return;
  }
  look_up(std::move(p));
}

void replica_state::look_up(pending_read read) {
  if (auto v = items.applied(read.key))
    return answer_found(read, !v->removed, v->item);
  auto key = read.key;
  pending p;
  p.read = std::move(read);
  fetch(store_waits.add(std::move(p), now()), key);
}

void replica_state::fetch(std::uint64_t token, const std::string& key) {
  reads_out.push_back({token, key});
}

void replica_state::answer_found(const pending_read& read, bool found, const std::string& item) {
  if (!read.eventual && !options.replication.strict_reads && !core->may_read(now()))
    return moved(read.who);
  meter->reads.Increment();
  meter->read_seconds.Observe(static_cast<double>(now() - read.who.since_us) / 1e6);
  msg::ReplicaReply reply;
  reply.set_found(found);
  if (found)
    reply.set_item(item);
  reply.set_index(applied);
  answer(read.who, std::move(reply));
}

void replica_state::on_items_read(wire::items_read& what) {
  for (auto& found : what.items) {
    auto p = store_waits.take(found.token);
    if (!p)
      continue;
    if (found.result.outcome == wire::disk_outcome::corrupt)
      must_be_replaced("an item cannot be read: " + found.result.text);
    if (p->read) {
      if (!found.result.ok())
        refuse(p->read->who, msg::INTERNAL, "the item cannot be read: " + found.result.text);
      else if (auto v = items.applied(p->read->key))
        answer_found(*p->read, !v->removed, v->item);
      else
        answer_found(*p->read, found.found, found.item);
      continue;
    }
    auto it = writes_waiting.find(p->write_id);
    if (it == writes_waiting.end())
      continue;
    auto& write = it->second;
    if (!found.result.ok()) {
      refuse(write.who, msg::INTERNAL, "the item cannot be read: " + found.result.text);
      writes_waiting.erase(it);
      continue;
    }
    write.fetched[p->part] = found.found ? std::optional(std::move(found.item)) : std::nullopt;
    if (--write.missing > 0)
      continue;
    auto ready = std::move(write);
    writes_waiting.erase(it);
    if (now_in == phase::running && core->serving(now()))
      evaluate(std::move(ready));
    else
      moved(ready.who);
  }
  drain();
}

void replica_state::on_scan(waiter who, const msg::ReplicaRequest::Scan& scan) {
  if (!in_range(scan.from()) || (!scan.eventual() && !core->serving(now())))
    return moved(who);
  if (scan.index() > (indexes ? indexes->size() : 0))
    return refuse(who, msg::VALIDATION, "this table has no index " + std::to_string(scan.index()));
  if (store_waits.size() + quorum_scans.size() >= options.inflight)
    return refuse(who, msg::OVERLOADED, "too many requests are under way for this partition");
  pending_scan p{std::move(who), scan};
  // Never beyond this partition: what lies above belongs to another group.
  if (!options.to.empty() && (p.scan.to().empty() || p.scan.to() > options.to))
    p.scan.set_to(options.to);
  if (!scan.eventual() && options.replication.strict_reads) {
    auto token = ++next_token;
    quorum_scans.emplace(token, std::move(p));
    core->read_index(token, now());
    return;
  }
  look_up(std::move(p));
}

void replica_state::look_up(pending_scan scan) {
  wire::scan_items job;
  job.group = options.group;
  job.from = scan.scan.from();
  job.to = scan.scan.to();
  job.backward = scan.scan.backward();
  job.max_items = scan.scan.limit() == 0 ? limits::flush_items : scan.scan.limit();
  job.max_bytes =
      scan.scan.page_bytes() == 0 ? limits::page_bytes : std::min(scan.scan.page_bytes(), limits::page_bytes);
  job.who = caf::actor_cast<wire::replica_actor>(self);
  job.index = scan.scan.index();
  job.whole = scan.scan.whole();
  pending p;
  p.scan = std::move(scan);
  job.token = store_waits.add(std::move(p), now());
  self->send(options.items, std::move(job));
}

// Merges a page of the store with the overlay. Where the store's page ended before the range did, only keys
// up to its last one are settled; what lies behind is the next page's.
void replica_state::on_scanned(wire::items_scanned& what) {
  auto p = store_waits.take(what.token);
  if (!p || !p->scan)
    return;
  auto& scan = p->scan->scan;
  auto& who = p->scan->who;
  if (!what.result.ok()) {
    if (what.result.outcome == wire::disk_outcome::corrupt)
      must_be_replaced("items cannot be read: " + what.result.text);
    refuse(who, msg::INTERNAL, "the items cannot be read: " + what.result.text);
    return drain();
  }
  if (!scan.eventual() && !options.replication.strict_reads && !core->may_read(now())) {
    moved(who);
    return drain();
  }
  auto from = scan.from();
  auto to = scan.to();
  std::string resume;
  if (what.more && !what.records.empty()) {
    resume = what.records.back().key();
    if (!scan.backward())
      resume.push_back('\0'); // the smallest key above it
    (scan.backward() ? from : to) = resume;
  }
  if (scan.index() != 0)
    drop_overlaid(scan.index(), what.records);
  std::vector<msg::Record> merged;
  auto before = [&scan](std::string_view a, std::string_view b) { return scan.backward() ? a > b : a < b; };
  auto stored = what.records.begin();
  auto merge = [&](const std::string& key, const overlay::version& v) {
    while (stored != what.records.end() && before(stored->key(), key))
      merged.push_back(std::move(*stored++));
    if (stored != what.records.end() && stored->key() == key)
      ++stored;
    if (!v.removed) {
      auto& record = merged.emplace_back();
      record.set_key(key);
      record.set_item(scan.index() == 0 ? v.item : shown(scan, v));
    }
    return true;
  };
  if (scan.index() == 0)
    items.walk(from, to, scan.backward(), merge);
  else
    items.walk_entries(scan.index(), from, to, scan.backward(), merge);
  std::move(stored, what.records.end(), std::back_inserter(merged));
  msg::ReplicaReply reply;
  reply.set_index(applied);
  auto page = scan.page_bytes() == 0 ? limits::page_bytes : std::min(scan.page_bytes(), limits::page_bytes);
  std::size_t bytes = 0;
  for (auto& record : merged) {
    bytes += record.item().size();
    auto full = (scan.limit() > 0 && static_cast<std::uint32_t>(reply.records_size()) >= scan.limit()) ||
                (reply.records_size() > 0 && bytes > page);
    if (full) {
      resume = reply.records(reply.records_size() - 1).key();
      if (!scan.backward())
        resume.push_back('\0');
      break;
    }
    *reply.add_records() = std::move(record);
  }
  reply.set_more(!resume.empty());
  reply.set_resume(resume);
  meter->scans.Increment();
  meter->read_seconds.Observe(static_cast<double>(now() - who.since_us) / 1e6);
  answer(who, std::move(reply));
  drain();
}

void replica_state::on_quorum_reads() {
  for (auto& result : core->take_reads()) {
    if (auto it = quorum_reads.find(result.token); it != quorum_reads.end()) {
      auto read = std::move(it->second);
      quorum_reads.erase(it);
      result.ok ? look_up(std::move(read)) : moved(read.who);
    } else if (auto s = quorum_scans.find(result.token); s != quorum_scans.end()) {
      auto scan = std::move(s->second);
      quorum_scans.erase(s);
      result.ok ? look_up(std::move(scan)) : moved(scan.who);
    }
  }
}

} // namespace troupe::replica
