// The language of the scenario files: a command per line, and what it prints.
//
//   members 1 2 3:log          a fresh group (first line); kinds: storage (default), log, learner
//   members 1 2 append=1       with at most one entry in an Accept
//   campaign 1                 ask to lead; messages wait on the wire until delivered
//   propose 1 TEXT             prints its index, or "refused"
//   write 1 TEXT               propose, then deliver
//   deliver [WORDS]            all messages and what they cause, or only those that match every word:
//   drop [WORDS]               a message's name (Accept), from:N, to:N
//   first WORDS                only the first one that matches
//   wire                       what waits there
//   keep [WORDS]               from now on such messages stay on the wire; without words: none
//   run 500ms | run 2s         time passes, members tick, messages arrive
//   wait 500ms                 time passes and nothing else happens
//   tick 1
//   cut 1 2 | cut 1->2 | isolate 1 | heal
//   crash 1 [unflushed]        unflushed: its items are lost too, the log is not
//   restart 1
//   hold-disk 1 | release-disk 1
//   hand-over 1 2              prints whether it began
//   add 4:log                  make a member with nothing, for a later change
//   change 1 2 3 4:log         the leader (first number) proposes these members
//   truncate 1 10              its log up to there is deleted
//   snapshot 1 2               2 takes the items of 1
//   status | log 1 | items 1 | counters 1
//
// Delivered messages are printed unless they are heartbeats or their answers; "trace heartbeats" shows those
// too.
#pragma once
#include "tests/unit/core/paxos/cluster.h"
#include <string>

namespace troupe::paxos::testing {

class script {
public:
  // Runs one command line and returns what it prints, a line each.
  std::string run(const std::string& line);

private:
  std::string traced();
  cluster& group();

  std::unique_ptr<cluster> cluster_;
  bool heartbeats_ = false;
};

} // namespace troupe::paxos::testing
