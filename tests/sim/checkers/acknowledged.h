// Nothing acknowledged is lost, nothing takes effect twice, nothing refused takes effect.
//
// An acknowledged write must be in the chosen log at the moment its client learns of it, with the effect the
// client asked for. At the end the whole log is applied by an interpreter of this file's own, and every
// storage replica must hold exactly what comes out.
#pragma once
#include "tests/sim/checkers/chosen.h"
#include "tests/sim/members/cluster.h"
#include <map>
#include <set>

namespace troupe::sim {

class acknowledged : public checker {
public:
  acknowledged(world& w, const cluster& c, const chosen_log& truth)
      : checker(w, "acknowledged"), cluster_(c), truth_(truth) {}

  void answered(const request& r, const reply& a, bool certain) override;
  void at_end() override;

  std::uint64_t writes() const { return writes_; }

private:
  void read_on(); // in the chosen log

  const cluster& cluster_;
  const chosen_log& truth_;
  log_index read_ = 0;
  std::map<request_key, msg::Command> took_effect_; // the first command of each request
  std::map<std::string, std::string> values_;       // after entry read_
  std::map<std::string, std::map<log_index, std::optional<std::string>>>
      versions_; // by the index they begin at
  std::set<request_key> refused_;
  std::uint64_t writes_ = 0;
};

} // namespace troupe::sim
