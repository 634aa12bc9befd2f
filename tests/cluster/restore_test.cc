// A table as it was: printed from the archive alone, and made anew beside the one that goes on.
#include "actors/client/values.h"
#include "actors/core/item/json.h"
#include "tests/cluster/harness.h"
#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
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

// The archive was away for the nodes while somebody wrote, and they were started again since: when they hear
// of an entry says nothing about when it was written. And a partition that is not listed is not an empty one.
TEST_F(Restore, NothingIsLeftOutThatIsNotInTheArchiveYetOrNoMore) {
  namespace fs = std::filesystem;
  for (int n = 0; n < 30; ++n)
    ASSERT_NO_FATAL_FAILURE(change_something());
  ASSERT_TRUE(eventually(milliseconds(30'000), [&] { return read_lines(exported("").printed) == now; }));
  fs::path directory = nodes->settings().archive.directory;
  auto elsewhere = directory.parent_path() / "elsewhere";
  auto way = directory.parent_path() / "way"; // by which the command reaches it, wherever it is
  auto lead_to = [&](const fs::path& to) {
    fs::create_directory_symlink(to, way.string() + "-new");
    fs::rename(way.string() + "-new", way);
  };
  fs::rename(directory, elsewhere);
  lead_to(elsewhere);
  std::ifstream in(nodes->file());
  std::string text{std::istreambuf_iterator<char>(in), {}};
  auto place = text.find(directory.string());
  ASSERT_NE(place, std::string::npos) << text;
  auto file = nodes->file() + ".restore";
  std::ofstream(file) << text.replace(place, directory.string().size(), way.string());

  for (int n = 0; n < 60; ++n)
    ASSERT_NO_FATAL_FAILURE(change_something());
  auto at = remember();
  auto then = now;
  for (int n = 0; n < 10; ++n)
    ASSERT_NO_FATAL_FAILURE(change_something());
  for (auto& name : nodes->names())
    nodes->kill(name);
  nodes->start_all();
  nodes->wait_ready();
  auto arguments = "restore " + file + " --table things --at " + in_seconds(at) + " --as ";
  auto restored = std::async(std::launch::async, run, arguments + "before 2>&1");
  EXPECT_EQ(restored.wait_for(std::chrono::seconds(15)), std::future_status::timeout)
      << "it waits for what is not there";
  fs::rename(elsewhere, directory);
  lead_to(directory);
  auto done = restored.get();
  EXPECT_EQ(done.status, 0) << done.printed;
  EXPECT_EQ(read_table("before"), then);

  auto group = nodes->group_of_table("things");
  fs::path folder;
  for (auto& one : fs::recursive_directory_iterator(directory))
    if (one.is_directory() && one.path().filename().string() == [&] {
          auto digits = std::to_string(group);
          return std::string(20 - digits.size(), '0') + digits;
        }())
      folder = one.path();
  ASSERT_FALSE(folder.empty());
  fs::rename(folder, elsewhere);
  auto partly = run(arguments + "other 2>&1");
  EXPECT_EQ(partly.status, 1) << partly.printed;
  EXPECT_NE(partly.printed.find("lists nothing of partition " + std::to_string(group)), std::string::npos)
      << partly.printed;
  EXPECT_EQ(db->call(client::describe_table{.name = "other"}).status.code(), msg::TABLE_NOT_FOUND)
      << "nothing was made";
  EXPECT_EQ(exported("").status, 1);
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
