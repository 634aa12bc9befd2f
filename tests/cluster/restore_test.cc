// A table as it was: printed from the archive alone, and made anew beside the one that goes on.
#include "actors/client/values.h"
#include "actors/core/item/json.h"
#include "tests/cluster/harness.h"
#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <sstream>
#include <sys/wait.h>
#include <thread>

namespace troupe::cluster_test {
namespace {

using model = std::map<std::string, std::string>; // id -> value

std::int64_t unix_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string in_seconds(std::int64_t ms) {
  char text[40];
  std::snprintf(text, sizeof text, "%lld.%03lld", static_cast<long long>(ms / 1000),
                static_cast<long long>(ms % 1000));
  return text;
}

struct program_run {
  std::string printed; // on stdout and stderr, unless the latter was sent elsewhere
  int status = -1;
};
program_run run(const std::string& arguments) {
  program_run done;
  auto* pipe = popen((std::string(TROUPE_PROGRAM_PATH) + " " + arguments).c_str(), "r");
  std::array<char, 4096> block{};
  while (auto count = fread(block.data(), 1, block.size(), pipe))
    done.printed.append(block.data(), count);
  auto status = pclose(pipe);
  done.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return done;
}

class Restore : public ::testing::Test {
protected:
  void SetUp() override {
    nodes = std::make_unique<cluster>(3, [](config::cluster& c) {
      c.archive.directory = (std::filesystem::path(c.nodes[0].data).parent_path() / "archive").string();
      c.archive.segment_bytes = 16 << 10;
      c.archive.segment_age_ms = 300;
    });
    nodes->start_all();
    nodes->wait_ready();
    nodes->create_table("things", 3);
    db = nodes->connect();
  }
  void TearDown() override {
    if (HasFailure())
      nodes->keep_data();
  }

  void put(const std::string& id, const std::string& value) {
    auto done = db->call(client::put_item{
        .table = "things", .item = client::make_item({{"id", client::s(id)}, {"value", client::s(value)}})});
    ASSERT_TRUE(done.ok()) << done.status.message();
    now[id] = value;
  }
  void remove(const std::string& id) {
    auto done =
        db->call(client::delete_item{.table = "things", .key = client::make_item({{"id", client::s(id)}})});
    ASSERT_TRUE(done.ok()) << done.status.message();
    now.erase(id);
  }
  void change_something() {
    auto id = "k" + std::to_string(dice() % 60);
    if (dice() % 4 == 0)
      remove(id);
    else
      put(id, std::string(dice() % 400, 'v') + std::to_string(++changes));
  }

  // A time at which the table is as it is now: what was written is older, and what comes next will be
  // younger.
  std::int64_t remember() {
    auto at = unix_ms() + 1;
    while (unix_ms() <= at)
      std::this_thread::yield();
    past.emplace_back(at, now);
    return at;
  }

  static model read_lines(const std::string& text) {
    model found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_TRUE(line.starts_with("{\"Item\":") && line.ends_with("}")) << line;
      auto item = item::read_json(std::string_view(line).substr(8, line.size() - 9));
      EXPECT_TRUE(item) << line;
      std::string id, value;
      for (auto& attribute : item->attributes())
        (attribute.name() == "id" ? id : value) = attribute.value().s();
      EXPECT_TRUE(found.emplace(id, value).second) << id << " twice";
    }
    return found;
  }
  program_run exported(const std::string& more) {
    return run("archive export " + nodes->file() + " --table things " + more + " 2>/dev/null");
  }

  model read_table(const std::string& table) {
    model found;
    client::scan_items ask{.table = table};
    for (;;) {
      auto page = db->call(ask);
      EXPECT_TRUE(page.ok()) << page.status.message();
      for (auto& item : page.items) {
        std::string id, value;
        for (auto& attribute : item.attributes())
          (attribute.name() == "id" ? id : value) = attribute.value().s();
        found[id] = value;
      }
      if (!page.ok() || !page.last_key)
        return found;
      ask.after = page.last_key;
    }
  }

  std::unique_ptr<cluster> nodes;
  std::unique_ptr<client::session> db;
  std::mt19937_64 dice{11};
  int changes = 0;
  model now;
  std::vector<std::pair<std::int64_t, model>> past;
};

TEST_F(Restore, ATableIsWhatItWasAtAnyTime) {
  for (int i = 0; i < 50; ++i) {
    for (int n = 0; n < 12; ++n)
      ASSERT_NO_FATAL_FAILURE(change_something());
    remember();
    if (i == 25) { // another member archives on
      auto leader = nodes->leader_of_table("things");
      nodes->kill(leader);
      nodes->start(leader);
    }
  }
  // Everything gets into the archive, and the archive alone says what was.
  EXPECT_TRUE(eventually(milliseconds(30'000), [&] { return read_lines(exported("").printed) == now; }));
  for (auto& [at, then] : past) {
    auto printed = exported("--at " + in_seconds(at));
    EXPECT_EQ(printed.status, 0);
    EXPECT_EQ(read_lines(printed.printed), then) << "as of " << in_seconds(at);
  }

  // A new table beside it, while that is written to.
  auto& [at, then] = past[20];
  std::atomic<bool> enough = false;
  std::thread writer([&, other = nodes->connect()] {
    for (int i = 0; !enough; ++i)
      EXPECT_TRUE(
          other
              ->call(client::put_item{.table = "things",
                                      .item = client::make_item({{"id", client::s("later")},
                                                                 {"value", client::s(std::to_string(i))}})})
              .ok());
  });
  auto restored =
      run("restore " + nodes->file() + " --table things --as before --at " + in_seconds(at) + " 2>&1");
  enough = true;
  writer.join();
  EXPECT_EQ(restored.status, 0) << restored.printed;
  EXPECT_NE(restored.printed.find("table before has the " + std::to_string(then.size()) + " items"),
            std::string::npos)
      << restored.printed;
  EXPECT_EQ(read_table("before"), then);

  // And as of now: what was acknowledged a moment ago is in it.
  now = read_table("things");
  ASSERT_NO_FATAL_FAILURE(put("last", "moment"));
  restored = run("restore " + nodes->file() + " --table things --as again 2>&1");
  EXPECT_EQ(restored.status, 0) << restored.printed;
  EXPECT_EQ(read_table("again"), now);

  auto taken = run("restore " + nodes->file() + " --table things --as again 2>&1");
  EXPECT_EQ(taken.status, 7) << taken.printed;
  EXPECT_NE(taken.printed.find("Table already exists: again"), std::string::npos) << taken.printed;
}

TEST_F(Restore, SaysWhatCannotBe) {
  auto later = run("restore " + nodes->file() + " --table things --as other --at 4000000000 2>&1");
  EXPECT_EQ(later.status, 2);
  EXPECT_NE(later.printed.find("has not come yet"), std::string::npos) << later.printed;
  auto earlier = run("restore " + nodes->file() + " --table things --as other --at 1000000000 2>&1");
  EXPECT_EQ(earlier.status, 7);
  EXPECT_NE(earlier.printed.find("table things was made at 20"), std::string::npos) << earlier.printed;
  auto unclear = run("restore " + nodes->file() + " --table things --as other --at yesterday 2>&1");
  EXPECT_EQ(unclear.status, 2);
  EXPECT_NE(unclear.printed.find("'yesterday' is no time"), std::string::npos) << unclear.printed;
  auto nobody = run("restore " + nodes->file() + " --table nothing --as other 2>&1");
  EXPECT_EQ(nobody.status, 6) << nobody.printed;
  auto unknown = run("archive export " + nodes->file() + " --table nothing 2>&1");
  EXPECT_EQ(unknown.status, 6);
  EXPECT_NE(unknown.printed.find("the archive has no table nothing"), std::string::npos) << unknown.printed;
}

} // namespace
} // namespace troupe::cluster_test
