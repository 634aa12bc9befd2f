// What was found is counted, logged, and told with the replica's reports.
#include "actors/kit/log.h"
#include "actors/scrubber/scrubber_state.h"
#include <caf/all.hpp>

namespace troupe::scrubber {

void scrubber_state::found(std::uint64_t group, finding what, const std::string& text) {
  meter->findings.at(what)->Increment();
  auto it = residents.find(group);
  const std::string table = it == residents.end() ? std::string() : it->second.table;
  kit::log(kit::level::error, options.node, "scrubber",
           "group " + std::to_string(group) + (table.empty() ? "" : " of table " + table) + ": " +
               name_of(what) + ": " + text);
  if (it == residents.end())
    return;
  auto& report = it->second.report;
  report.set_findings(report.findings() + 1);
  report.set_finding(std::string(name_of(what)) + ": " + text);
  tell(it->second);
}

void scrubber_state::repaired(std::uint64_t group) {
  auto it = residents.find(group);
  if (it == residents.end())
    return;
  it->second.report.set_repairs(it->second.report.repairs() + 1);
  tell(it->second);
}

// It was found wrong, and is to be replaced.
void scrubber_state::condemn(std::uint64_t group, std::uint64_t member, const std::string& node,
                             std::uint64_t epoch, const std::string& why) {
  found(group, finding::replica, why);
  meter->members_condemned.Increment();
  repaired(group);
  msg::ScrubRequest request;
  request.set_group(group);
  auto& sentence = *request.mutable_condemn();
  sentence.set_member(member);
  sentence.set_epoch(epoch);
  sentence.set_why(why);
  post(node, std::move(request));
}

void scrubber_state::tell(resident& one) {
  self->send(one.actor, one.report);
}

} // namespace troupe::scrubber
