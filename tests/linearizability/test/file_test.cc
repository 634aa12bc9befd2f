// A history survives the way through a file, also when the process that wrote it did not.
#include "tests/linearizability/checker.h"
#include "tests/linearizability/history_file.h"
#include "tests/linearizability/test/story.h"
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>

namespace troupe::linearizability {
namespace {

using namespace story;

class HistoryFile : public ::testing::Test {
protected:
  HistoryFile() {
    std::string name = (std::filesystem::temp_directory_path() / "history-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~HistoryFile() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  void write(const std::string& name, const std::vector<operation>& history) const {
    history_writer out(path(name));
    for (const operation& op : history) {
      const auto ticket = out.invoke(op, op.invoked);
      if (op.result != outcome::unknown)
        out.complete(ticket, op.result, op.returned, op.read);
    }
  }

  std::vector<operation> read(const std::string& name) const {
    std::ifstream in(path(name));
    std::vector<operation> history;
    read_error error;
    EXPECT_TRUE(read_history(in, history, error)) << error.line << ": " << error.what;
    return history;
  }

  // The exit status of the tool.
  int tool(const std::string& arguments) const {
    const std::string command =
        std::string(TROUPE_CHECK_HISTORY) + " " + arguments + " > " + path("out") + " 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::filesystem::path folder_;
};

std::string refuse(const std::string& text) {
  std::istringstream in("troupe-history\t1\n" + text);
  std::vector<operation> history;
  read_error error;
  return read_history(in, history, error) ? "" : std::to_string(error.line) + ": " + error.what;
}

TEST_F(HistoryFile, EveryOperationComesBack) {
  const std::vector<operation> history = {
      put("a", 0, 1, "1"),
      put("a b\t", 2, 3, "tab\tnewline\nreturn\rbackslash\\ empty next"),
      put("a", 4, 5, ""),
      get("b", 6, 7, absent),
      get("b", 6, 7, ""),
      remove("a", 8, 9),
      cas("c", 10, 11, absent, "2"),
      refused(cas("c", 10, 12, "-", "=")),
      cas("c", 10, 13, "2", absent),
      failed(put("d", 14, 15, "3")),
      put("d", -5, never, "4"),
      on("key\twith\\tab", get("e", 20, 21, "5")),
  };
  write("h", history);
  EXPECT_EQ(read("h"), history);
}

TEST_F(HistoryFile, ALineThatWasBeingWrittenIsIgnored) {
  write("h", {put("a", 0, 1, "1")});
  const auto whole = std::filesystem::file_size(path("h"));
  for (std::uintmax_t cut = 0; cut < whole; ++cut) {
    std::filesystem::copy_file(path("h"), path("cut"), std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(path("cut"), cut);
    const std::vector<operation> history = read("cut");
    for (const operation& op : history)
      EXPECT_EQ(op.result, outcome::unknown) << "its return is cut off at " << cut;
  }
}

TEST_F(HistoryFile, AnInvocationWithoutReturnIsUnknown) {
  {
    history_writer out(path("h"));
    out.invoke(put("a", 0, 0, "1"), 5);
  }
  const std::vector<operation> history = read("h");
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].result, outcome::unknown);
  EXPECT_EQ(history[0].returned, never);
  EXPECT_EQ(history[0].invoked, 5);
}

TEST_F(HistoryFile, MalformedLinesAreRefusedWithTheirNumber) {
  EXPECT_EQ(refuse("i\t1\t0\tc\tput\tx\t=1\nr\t2\t5\tok\n"), "3: this ID was not invoked");
  EXPECT_EQ(refuse("i\t1\tsoon\tc\tget\tx\n"), "2: ID and TIME are integers");
  EXPECT_EQ(refuse("i\t1\t0\tc\tput\tx\n"), "2: the number of fields does not fit the action");
  EXPECT_EQ(refuse("i\t1\t0\tc\tput\tx\t-\n"), "2: a put writes a value");
  EXPECT_EQ(refuse("i\t1\t0\tc\tswap\tx\n"), "2: ACTION is put, delete, get or cas");
  EXPECT_EQ(refuse("i\t1\t0\tc\tget\tx\nr\t1\t5\tok\n"),
            "3: a get that is ok, and nothing else, carries READ");
  EXPECT_EQ(refuse("i\t1\t9\tc\tget\tx\nr\t1\t5\tok\t-\n"), "3: it returned before it was invoked");
  EXPECT_EQ(refuse("i\t1\t0\tc\tget\tx\ni\t1\t0\tc\tget\tx\n"), "3: this ID was invoked before");
  EXPECT_EQ(refuse("i\t1\t0\tc\tget\tx\nr\t1\t5\tcondition_failed\n"),
            "3: OUTCOME is ok, condition_failed (of a cas), failed or unknown");
  std::istringstream other("something else\n");
  std::vector<operation> history;
  read_error error;
  EXPECT_FALSE(read_history(other, history, error));
}

TEST_F(HistoryFile, ThreadsShareAWriter) {
  constexpr int threads = 8;
  constexpr int each = 200;
  {
    history_writer out(path("h"));
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t)
      running.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          const auto ticket =
              out.invoke(put("c" + std::to_string(t), 0, 0, std::to_string(i)), history_writer::now());
          out.complete(ticket, outcome::ok, history_writer::now());
        }
      });
    for (std::thread& thread : running)
      thread.join();
  }
  const std::vector<operation> history = read("h");
  EXPECT_EQ(history.size(), std::size_t{threads * each});
  EXPECT_TRUE(check(history).ok());
}

TEST_F(HistoryFile, TheToolTellsByItsExitStatus) {
  write("writes", {put("a", 0, 1, "1"), put("a", 2, 3, "2")});
  write("right", {get("b", 4, 5, "2")});
  write("wrong", {get("b", 4, 5, "1")});
  std::ofstream(path("garbage")) << "hello\n";
  EXPECT_EQ(tool(path("writes")), 0);
  EXPECT_EQ(tool(path("writes") + " " + path("right")), 0);
  EXPECT_EQ(tool(path("writes") + " " + path("wrong")), 1);
  EXPECT_EQ(tool(path("garbage")), 2);
  EXPECT_EQ(tool(path("missing")), 2);
  EXPECT_EQ(tool(""), 2);
}

} // namespace
} // namespace troupe::linearizability
