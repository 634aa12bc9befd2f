// Bytes change under running nodes, and a copy becomes another one: the scrub finds it within a cycle or two,
// it is repaired, and no client is ever told of it. Clients write and read all the time.
#include "actors/client/values.h"
#include "storage/checksum.h"
#include "tests/cluster/faults.h"
#include <algorithm>
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sqlite3.h>
#include <unistd.h>

namespace troupe::cluster_test {
namespace {

constexpr auto found_within = milliseconds(60'000); // many cycles, for machines that do much else

class Scrub : public Faults {
protected:
  void change_settings(config::cluster& c) override {
    c.scrub.cycle_ms = 2'000;
    c.healing.silence_ms = 2'000;
    c.healing.grace_ms = 4'000;
  }
  int node_count() const override { return 3; }

  // Items that nobody changes, found in files by what they say.
  static std::string needle(int i) { return "a-needle-" + std::to_string(i) + "-that-sleeps-in-a-file"; }
  static constexpr int needles = 8;
  void put_needles() {
    for (int i = 0; i < needles; ++i) {
      client::put_item put;
      put.table = "registers";
      put.item = client::make_item(
          {{"id", client::s("needle" + std::to_string(i))},
           {"value", client::s(needle(i))},
           {"pad", client::s(std::string(3'500, '.'))}}); // a page of its own, that nobody writes
      ASSERT_TRUE(sessions[0]->call(put).ok());
    }
  }
  // From the leader, and from any copy.
  void expect_needles() {
    for (bool eventual : {false, true})
      for (int round = 0; round < (eventual ? 6 : 1); ++round)
        for (int i = 0; i < needles; ++i) {
          client::get_item get;
          get.table = "registers";
          get.key = client::make_item({{"id", client::s("needle" + std::to_string(i))}});
          get.eventual = eventual;
          auto answer = sessions[static_cast<std::size_t>(round) % sessions.size()]->call(get);
          ASSERT_TRUE(answer.ok()) << answer.status.message();
          ASSERT_TRUE(answer.item.has_value());
          EXPECT_EQ(client::find(*answer.item, "value")->s(), needle(i));
        }
  }

  std::string data(const std::string& node) const { return nodes->settings().find(node)->data; }
  std::string items_of(const std::string& node) const {
    return data(node) + "/items/" + std::to_string(group) + ".db";
  }
  static std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Flips a byte of the text wherever it lies in the files, and says in how many places: SQLite leaves old
  // copies.
  static int flip(const std::vector<std::string>& files, const std::string& text) {
    int flipped = 0;
    for (const auto& path : files) {
      const auto bytes = bytes_of(path);
      int file = open(path.c_str(), O_WRONLY);
      if (file < 0)
        continue;
      for (auto at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at + 1), ++flipped) {
        const char other = static_cast<char>(bytes[at + 12] ^ 0x20);
        EXPECT_EQ(pwrite(file, &other, 1, static_cast<off_t>(at + 12)), 1);
      }
      close(file);
    }
    return flipped;
  }

  // In the item file of a node that is down: the record of that text becomes another one, sound in every
  // checksum. `counted`: the digests beside it are of what was there before; else nobody knows them, as if a
  // version without them had written the file, until its next full pass.
  static void forge(const std::string& path, const std::string& text_of_it, bool counted) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    sqlite3_stmt* all = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(db, "SELECT id, k, v FROM items", -1, &all, nullptr), SQLITE_OK);
    int forged = 0;
    while (sqlite3_step(all) == SQLITE_ROW) {
      auto text = [&](int column) {
        return std::string(static_cast<const char*>(sqlite3_column_blob(all, column)),
                           static_cast<std::size_t>(sqlite3_column_bytes(all, column)));
      };
      auto value = text(2);
      const auto at = value.find(text_of_it);
      if (at == std::string::npos)
        continue;
      value[at] = 'X';
      sqlite3_stmt* put = nullptr;
      ASSERT_EQ(sqlite3_prepare_v2(db, "UPDATE items SET v=?, check_sum=? WHERE id=?", -1, &put, nullptr),
                SQLITE_OK);
      sqlite3_bind_blob(put, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
      sqlite3_bind_int64(put, 2, static_cast<std::int64_t>(storage::record_checksum(text(1), value)));
      sqlite3_bind_int64(put, 3, sqlite3_column_int64(all, 0));
      EXPECT_EQ(sqlite3_step(put), SQLITE_DONE);
      sqlite3_finalize(put);
      ++forged;
    }
    sqlite3_finalize(all);
    if (!counted) {
      EXPECT_EQ(sqlite3_exec(db, "DELETE FROM position WHERE id=3", nullptr, nullptr, nullptr), SQLITE_OK);
    }
    sqlite3_close(db);
    ASSERT_EQ(forged, 1);
  }
  bool in_its_file(const std::string& node, const std::string& text) {
    return eventually(found_within, [&] {
      return (bytes_of(items_of(node)) + bytes_of(items_of(node) + "-wal")).find(text) != std::string::npos;
    });
  }

  // The table's only group, a node that follows in it, and its member there.
  void choose() {
    group = nodes->group_of_table("registers");
    const auto leads = leader();
    for (const auto& name : nodes->names())
      if (name != leads)
        victim = name;
    member = report(victim).member();
    ASSERT_NE(member, 0u);
  }
  msg::ReplicaReport report(const std::string& node) {
    auto status = nodes->admin().call(client::cluster_status{});
    for (const auto& n : status.cluster.nodes())
      for (const auto& r : n.replicas())
        if (n.node() == node && r.group() == group && !r.retired())
          return r;
    return {};
  }
  bool says_finding(const std::string& kind) {
    return eventually(found_within, [&] {
      return nodes->log_of(victim).find(kind) != std::string::npos ||
             nodes->log_of(leader()).find(kind) != std::string::npos;
    });
  }
  // A new member on the same node, and the group whole.
  bool renewed() {
    return eventually(milliseconds(90'000), [&] {
      auto r = report(victim);
      return r.member() != 0 && r.member() != member && r.kind() == msg::STORAGE_REPLICA &&
             r.trouble().empty() && r.damage().empty() && r.leader() != 0;
    });
  }
  std::vector<std::string> quarantined(const std::string& node) const {
    std::vector<std::string> files;
    std::error_code none;
    for (const auto& one : std::filesystem::directory_iterator(data(node) + "/quarantine", none))
      if (one.path().extension() == ".db")
        files.push_back(one.path());
    return files;
  }
  void only_the_victims_file_is_in_quarantine() {
    for (const auto& name : nodes->names())
      EXPECT_EQ(quarantined(name).size(), name == victim ? 1u : 0u) << name;
  }
  // What the program prints, and its exit code.
  std::pair<std::string, int> run(const std::string& arguments) {
    std::string at;
    for (const auto& node : nodes->settings().nodes)
      at += (at.empty() ? "" : ",") + node.host + ":" + std::to_string(node.port);
    return run_alone(arguments + " --at " + at);
  }
  static std::pair<std::string, int> run_alone(const std::string& arguments) {
    std::string printed;
    auto* pipe = popen((std::string(TROUPE_PROGRAM_PATH) + " " + arguments + " 2>&1").c_str(), "r");
    std::array<char, 4096> block{};
    while (auto count = fread(block.data(), 1, block.size(), pipe))
      printed.append(block.data(), count);
    return {printed, WEXITSTATUS(pclose(pipe))};
  }

  std::uint64_t group = 0;
  std::string victim;
  std::uint64_t member = 0;
};

TEST_F(Scrub, RottenItemsAreFoundAndTheirReplicaReplaced) {
  begin({}, 1);
  put_needles();
  choose();
  auto [before, clean] = run("scrub --now --watch --minutes 2");
  EXPECT_EQ(clean, 0) << before;
  const auto file = items_of(victim);
  ASSERT_TRUE(eventually(found_within, [&] {
    return flip({file, file + "-wal"}, needle(3)) > 0;
  })) << "the item has come to its file";
  ASSERT_TRUE(says_finding(": item: ")) << nodes->log_of(victim);
  EXPECT_TRUE(renewed()) << report(victim).ShortDebugString();
  only_the_victims_file_is_in_quarantine();
  progress();
  expect_needles();
  judge();
}

TEST_F(Scrub, RottenLogEntriesAreFetchedFromTheOthers) {
  begin({}, 1);
  put_needles();
  choose();
  ASSERT_GT(flip({data(victim) + "/log.db", data(victim) + "/log.db-wal"}, needle(5)), 0);
  ASSERT_TRUE(says_finding(": log: ")) << nodes->log_of(victim);
  ASSERT_TRUE(eventually(found_within, [&] { return report(victim).scrub().repairs() > 0; }))
      << nodes->log_of(victim);
  EXPECT_EQ(report(victim).member(), member) << "it is still the same one";
  EXPECT_TRUE(report(victim).damage().empty()) << report(victim).damage();
  auto [shown, code] = run("scrub registers");
  EXPECT_EQ(code, 1) << shown;
  EXPECT_NE(shown.find("log: entry"), std::string::npos) << shown;
  progress();
  expect_needles();
  judge();
}

// Sound in every checksum, and not what was written.
TEST_F(Scrub, AForgedRecordIsOutvotedAndItsMemberReplaced) {
  begin({}, 1);
  put_needles();
  choose();
  const auto path = items_of(victim);
  ASSERT_TRUE(in_its_file(victim, needle(2)));
  ASSERT_EQ(nodes->stop(victim), 0);
  forge(path, needle(2), true);
  nodes->start(victim);
  ASSERT_TRUE(says_finding(": digest: ")) << nodes->log_of(victim);
  ASSERT_TRUE(says_finding(": replica: ")) << nodes->log_of(leader());
  EXPECT_TRUE(renewed()) << report(victim).ShortDebugString();
  only_the_victims_file_is_in_quarantine();
  progress();
  expect_needles();
  judge();
}

// With an archive, small pieces of it, and logs that keep what is in it for long.
class ScrubOfArchive : public Scrub {
protected:
  void change_settings(config::cluster& c) override {
    Scrub::change_settings(c);
    directory = std::filesystem::path(c.nodes[0].data).parent_path() / "archive";
    c.archive.directory = directory.string();
    c.archive.segment_bytes = 64 << 10;
    c.archive.segment_age_ms = 500;
    c.storage.log_retention_bytes = 64 << 20;
  }

  // Files of the group's segments, the oldest first.
  std::vector<std::string> segments() const {
    std::vector<std::string> files;
    std::error_code none;
    for (const auto& one : std::filesystem::recursive_directory_iterator(directory, none))
      if (one.path().extension() == ".segment" &&
          one.path().string().find("/" + std::string(20 - std::to_string(group).size(), '0') +
                                   std::to_string(group) + "/") != std::string::npos)
        files.push_back(one.path());
    std::sort(files.begin(), files.end());
    return files;
  }
  bool anybody_says(const std::string& text) {
    return eventually(found_within, [&] {
      const auto names = nodes->names();
      return std::any_of(names.begin(), names.end(), [&](const auto& name) {
        return nodes->log_of(name).find(text) != std::string::npos;
      });
    });
  }
  std::int64_t proved_ms() {
    std::int64_t newest = 0;
    for (const auto& name : nodes->names())
      newest = std::max<std::int64_t>(newest, report(name).scrub().proved_ms());
    return newest;
  }
  // Again, from now on.
  bool proved_again() {
    const auto before = proved_ms();
    return eventually(found_within, [&] { return proved_ms() > before; });
  }
  std::string logs() {
    std::string all;
    for (const auto& name : nodes->names())
      all += nodes->log_of(name);
    return all;
  }

  std::filesystem::path directory;
};

TEST_F(ScrubOfArchive, ADamagedAndAMissingSegmentAreFoundAndPutBack) {
  begin({}, 1);
  put_needles();
  choose();
  ASSERT_TRUE(proved_again()) << "the members are what the archive makes of them\n" << logs();
  const auto table = group;
  group = metadata_group;
  ASSERT_TRUE(proved_again()) << "those of the metadata are\n" << logs();
  group = table;
  ASSERT_TRUE(eventually(found_within, [&] { return segments().size() >= 4; }));
  const auto damaged = segments()[1];
  const auto gone = segments()[2];
  auto bytes = bytes_of(damaged);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x20);
  std::ofstream(damaged, std::ios::binary | std::ios::trunc) << bytes;
  std::filesystem::remove(gone);
  ASSERT_TRUE(anybody_says(": archive: ")) << logs();
  ASSERT_TRUE(anybody_says("its archive has been repaired")) << logs();
  EXPECT_TRUE(proved_again()) << logs();
  progress();
  clients->stop(); // so that it is looked at while nothing comes
  const auto [shown, code] = run_alone("archive verify " + nodes->file());
  EXPECT_EQ(code, 0) << shown;
  EXPECT_EQ(bytes_of(damaged), bytes) << "what is damaged is left for inspection";
  EXPECT_EQ(logs().find(": reference: "), std::string::npos) << "nothing is wrong with the members";
  const auto [scrubbed, found] = run("scrub registers");
  EXPECT_EQ(found, 1) << scrubbed;
  EXPECT_NE(scrubbed.find("PROVED"), std::string::npos) << scrubbed;
  EXPECT_NE(scrubbed.find("in no sound segment of the archive"), std::string::npos) << scrubbed;
  expect_needles();
  judge();
}

// Two members are wrong, each in another item: no two of the three agree. Whichever is compared first, it is
// one word against another, or three. The archived log knows.
TEST_F(ScrubOfArchive, OfThreeMembersThatAllDifferTheOneTheLogConfirmsIsKept) {
  begin({}, 1);
  put_needles();
  choose();
  const auto right = leader();
  ASSERT_TRUE(proved_again()) << logs();
  std::map<std::string, std::uint64_t> wrong; // node -> member
  for (const auto& name : nodes->names())
    if (name != right)
      wrong[name] = report(name).member();
  ASSERT_EQ(wrong.size(), 2u);
  int which = 2;
  for (const auto& [node, known] : wrong) {
    ASSERT_NE(known, 0u);
    ASSERT_TRUE(in_its_file(node, needle(which)));
    ASSERT_EQ(nodes->stop(node), 0);
    forge(items_of(node), needle(which++), false);
  }
  for (const auto& [node, known] : wrong)
    nodes->start(node);
  ASSERT_TRUE(anybody_says(": undecided: ")) << logs();
  ASSERT_TRUE(anybody_says("is not what the archived log makes of the group")) << logs();
  for (const auto& [node, known] : wrong) {
    victim = node;
    member = known;
    EXPECT_TRUE(renewed()) << node << "\n" << logs();
    EXPECT_EQ(quarantined(node).size(), 1u) << node;
  }
  EXPECT_TRUE(quarantined(right).empty()) << "the right copy is not touched";
  EXPECT_TRUE(proved_again()) << logs();
  progress();
  expect_needles();
  judge();
}

} // namespace
} // namespace troupe::cluster_test
