// How the metadata group comes into being, once in a cluster's life, and who is a member of it. Pure; the
// agents of the three metadata nodes ask each other and carry the decision out.
//
// The decision is one write on one node. The founder - of the metadata nodes the one whose name sorts first,
// so that the order of nodes in the file does not matter - makes the configuration when the other two have
// told it that they are reachable and have never been members, and keeps it durably, with the intent to run
// its own member. From then on the group exists. The others learn the configuration by asking, or are sent
// it, and each joins by keeping it in the same way. Nobody else ever makes a configuration.
//
// Why no two groups can form: a second configuration needs a founder without a record. The founder's record
// goes only with its whole data directory, and then the directory's identity is new as well. The next attempt
// finds a peer that has joined (then it does not found, it sees that its place was on another directory, and
// refuses), or only peers that never joined: then the first group had no quorum, so it has promised and
// acknowledged nothing.
//
// Why nobody forgets a promise: a node without a record joins an existing group only when the configuration
// names the identity of its present directory. That identity was made with the directory, and a record, once
// written into the directory, stays; so this directory has never been a member before.
#pragma once
#include "messages/replication.pb.h"
#include "messages/table.pb.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::agent {

struct metadata_node {
  std::string name;
  std::string zone;
};

class formation {
public:
  // `nodes`: the three metadata nodes of the cluster file; `self` is one of them and has no record yet.
  formation(std::vector<metadata_node> nodes, std::string self, std::uint64_t disk);

  struct step {
    // Keep it durably together with the intent to run our member of it; then start the member fresh.
    std::optional<msg::Configuration> join;
    std::string refused; // why this node must not join, for people; asked again all the same
  };
  // A peer's answer to "do you have the group?". Answers of one round only count when they are newer than
  // what the peer's process may have forgotten: a peer that is lost has to answer again.
  step heard(const std::string& node, const msg::FormReply& answer);
  void lost(const std::string& node);
  // The founder has decided and sends us the configuration.
  step told(const msg::Configuration& configuration) const;

  std::vector<std::string> whom_to_ask() const; // the other two
  bool founder() const { return self_ == nodes_.front().name; }
  std::string waiting_for() const; // for people

private:
  step consider(const msg::Configuration& configuration) const;

  std::vector<metadata_node> nodes_; // ascending by name
  std::string self_;
  std::uint64_t disk_;
  std::map<std::string, std::uint64_t> fresh_; // peers that have answered that they are no members -> disk
};

} // namespace troupe::agent
