// Whose directory it is: remembered, locked, and never mistaken for somebody else's.
#include "storage/files.h"
#include "storage/meta_store.h"
#include "tests/unit/storage/fixtures.h"
#include <sys/wait.h>

namespace troupe::testing {
namespace {

using storage::code;
using storage::meta_store;

msg::LocalReplica replica(std::uint64_t group, std::uint64_t member) {
  msg::LocalReplica r;
  r.set_group(group);
  r.set_member(member);
  r.set_kind(msg::LOG_REPLICA);
  r.set_table("people");
  return r;
}

class meta_store_test : public ::testing::Test {
protected:
  temporary_directory dir;
  std::string data = dir.file("zone-a/node-1");

  std::unique_ptr<meta_store> open() {
    auto meta = meta_store::open(data, "demo", "node-1");
    EXPECT_TRUE(done(meta));
    return meta ? std::move(*meta) : nullptr;
  }
};

TEST_F(meta_store_test, an_empty_directory_gets_an_identity_and_keeps_it) {
  auto meta = open();
  EXPECT_TRUE(meta->created());
  EXPECT_NE(meta->disk(), 0u);
  EXPECT_EQ(meta->starts(), 1u);
  EXPECT_EQ(meta->all().node(), "node-1");
  auto disk = meta->disk();
  ASSERT_TRUE(done(meta->put(replica(7, 70))));
  ASSERT_TRUE(done(meta->put({replica(3, 30), replica(9, 90), replica(7, 71)})));
  ASSERT_TRUE(done(meta->remove(9)));
  ASSERT_TRUE(done(meta->remove(9)));
  meta.reset();
  meta = open();
  EXPECT_FALSE(meta->created());
  EXPECT_EQ(meta->disk(), disk);
  EXPECT_EQ(meta->starts(), 2u);
  ASSERT_EQ(meta->replicas().size(), 2u);
  EXPECT_EQ(meta->replicas()[0].group(), 3u);
  EXPECT_EQ(meta->replica(7)->member(), 71u);
  EXPECT_EQ(meta->replica(7)->kind(), msg::LOG_REPLICA);
  EXPECT_FALSE(meta->replica(9));
  EXPECT_TRUE(storage::exists(data + "/items"));
  EXPECT_EQ(meta->item_path(7), data + "/items/7.db");
}

TEST_F(meta_store_test, two_directories_have_two_disks) {
  auto one = open();
  auto two = meta_store::open(dir.file("other"), "demo", "node-2");
  ASSERT_TRUE(done(two));
  EXPECT_NE(one->disk(), (*two)->disk());
}

TEST_F(meta_store_test, another_node_or_cluster_is_refused_by_name) {
  open().reset();
  auto wrong = meta_store::open(data, "demo", "node-2");
  ASSERT_TRUE(failed_as(wrong, code::refused));
  EXPECT_NE(wrong.error().text.find("belongs to node node-1 of cluster demo"), std::string::npos)
      << wrong.error().text;
  EXPECT_TRUE(failed_as(meta_store::open(data, "production", "node-1"), code::refused));
  EXPECT_EQ(open()->starts(), 2u) << "refusals changed nothing";
}

TEST_F(meta_store_test, two_processes_never_share_a_directory) {
  auto meta = open();
  EXPECT_TRUE(failed_as(meta_store::open(data, "demo", "node-1"), code::busy));
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto second = meta_store::open(data, "demo", "node-1");
    ::_exit(!second && second.error().code == code::busy ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  meta.reset();
  EXPECT_TRUE(open());
}

TEST_F(meta_store_test, a_lock_dies_with_its_process) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto meta = meta_store::open(data, "demo", "node-1");
    char ready = meta.ok();
    if (::write(ends[1], &ready, 1) != 1)
      ::_exit(1);
    for (;;)
      ::pause();
  }
  char ready = 0;
  ASSERT_EQ(::read(ends[0], &ready, 1), 1);
  ASSERT_EQ(ready, 1);
  EXPECT_TRUE(failed_as(meta_store::open(data, "demo", "node-1"), code::busy));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(open()->starts(), 2u);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(meta_store_test, any_flipped_byte_is_refused) {
  auto meta = open();
  ASSERT_TRUE(done(meta->put({replica(1, 2), replica(3, 4)})));
  meta.reset();
  std::string file = data + "/node.meta";
  const std::string sound = read_bytes(file);
  for (std::size_t at = 0; at < sound.size(); ++at) {
    std::string flipped = sound;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    write_bytes(file, flipped);
    ASSERT_TRUE(failed_as(meta_store::open(data, "demo", "node-1"), code::corrupt)) << "byte " << at;
  }
  for (std::size_t size = 0; size < sound.size(); ++size) {
    write_bytes(file, sound.substr(0, size));
    ASSERT_TRUE(failed_as(meta_store::open(data, "demo", "node-1"), code::corrupt)) << size << " bytes";
  }
}

TEST_F(meta_store_test, data_without_its_identity_is_not_given_a_new_one) {
  open().reset();
  write_bytes(data + "/log.db", "somebody's promises");
  std::filesystem::remove(data + "/node.meta");
  auto lost = meta_store::open(data, "demo", "node-1");
  ASSERT_TRUE(failed_as(lost, code::refused));
  EXPECT_NE(lost.error().text.find("Move the directory away"), std::string::npos) << lost.error().text;
}

TEST_F(meta_store_test, a_half_written_replacement_is_ignored) {
  auto meta = open();
  ASSERT_TRUE(done(meta->put(replica(1, 2))));
  meta.reset();
  write_bytes(data + "/node.meta.part", "half of");
  meta = open();
  EXPECT_EQ(meta->replicas().size(), 1u);
  EXPECT_FALSE(storage::exists(data + "/node.meta.part"));
}

} // namespace
} // namespace troupe::testing
