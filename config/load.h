// Reading a cluster file. A cluster that was loaded is a cluster that can be started: whatever is wrong with
// the file is found here, all of it in one pass, and said with the line and with what to do about it.
// docs/cluster-file.md describes the file for people.
#pragma once
#include "config/settings.h"
#include <optional>
#include <string>
#include <vector>

namespace troupe::config {

// One thing wrong with a cluster file. Lines and columns count from 1; 0 when the file as a whole is meant.
struct problem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string what;   // "unknown key 'prot' in node 'a1'"
  std::string advice; // "did you mean 'port'?"; may be empty
};

// "three-zones.yaml:7:5: unknown key 'prot' in node 'a1'; did you mean 'port'?" - the form editors jump to.
std::string to_text(const problem& p);

// Which nodes are about to be started on this machine. Their directories and the TLS files are looked at,
// too; nothing is created or changed. By default only the file itself is read.
struct here {
  bool local_nodes = false; // all whose host is this machine
  std::string node;         // this one, by name; empty: none
};

struct loaded {
  std::optional<cluster> settings; // present exactly when there are no problems
  std::vector<problem> problems;   // in the order of the file
};

// Reads and checks the file. In what comes back every path is absolute, every default filled in, and exactly
// three nodes have the metadata role: those the file names, or, when it names none, the first node of each of
// the first three zones. Throws nothing; may be called from any thread.
loaded load(const std::string& path, const here& starting = {});

// The same for text that is already in memory; `path` is what problems and relative paths refer to.
loaded load_text(const std::string& text, const std::string& path, const here& starting = {});

// The names of the nodes whose host is an address or the name of this machine, in the file's order.
std::vector<std::string> local_nodes(const cluster& c);

// Whether a host is this machine and can be reached from nowhere else: localhost, 127.0.0.0/8, ::1.
bool is_loopback(const std::string& host);

} // namespace troupe::config
