// troupe_check_history FILE...: checks history files (see history_file.h), all of them as one history.
// Exit: 0 linearizable, 1 not linearizable or undecided, 2 the files cannot be read.
#include "tests/linearizability/checker.h"
#include "tests/linearizability/history_file.h"
#include <cstdio>
#include <cstring>
#include <fstream>

int main(int argc, char** argv) {
  using namespace troupe::linearizability;
  if (argc < 2 || std::strcmp(argv[1], "--help") == 0) {
    std::fprintf(argc < 2 ? stderr : stdout,
                 "usage: troupe_check_history FILE...\n"
                 "Checks the histories recorded in the files, together, for linearizability per key.\n"
                 "Exit: 0 linearizable, 1 not linearizable or undecided, 2 a file cannot be read.\n");
    return argc < 2 ? 2 : 0;
  }
  std::vector<operation> history;
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i]);
    if (!file) {
      std::fprintf(stderr, "%s: cannot be opened\n", argv[i]);
      return 2;
    }
    read_error error;
    if (!read_history(file, history, error)) {
      std::fprintf(stderr, "%s:%zu: %s\n", argv[i], error.line, error.what.c_str());
      return 2;
    }
  }
  const report found = check(history);
  std::fputs(found.text().c_str(), stdout);
  return found.ok() ? 0 : 1;
}
