// Disks that run full. A node without room refuses writes and keeps what it has; the others go on. When there
// is room again, so does it. Needs the right to mount a file system of its own (root).
#include "actors/client/values.h"
#include "tests/cluster/faults.h"
#include <fcntl.h>
#include <filesystem>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace troupe::cluster_test {
namespace {

class Disks : public Faults {
protected:
  void prepare_nodes() override {
    for (auto& n : nodes->settings().nodes) {
      std::filesystem::create_directories(n.data);
      if (mount("tmpfs", n.data.c_str(), "tmpfs", 0, "size=96m,mode=0755") != 0)
        GTEST_SKIP() << "this user may not mount a file system";
      mounted.push_back(n.data);
    }
  }

  void TearDown() override {
    if (clients)
      clients->stop();
    for (auto& s : sessions)
      s->close();
    if (nodes)
      for (auto& n : nodes->names())
        if (nodes->running(n))
          nodes->kill(n);
    for (auto& path : mounted)
      umount2(path.c_str(), MNT_DETACH);
  }

  std::string filler(const std::string& node) const { return nodes->settings().find(node)->data + "/filler"; }

  // Leaves less room than the reserve of the cluster file (16 MiB).
  void fill(const std::string& node) {
    auto data = nodes->settings().find(node)->data;
    struct statvfs room {};
    ASSERT_EQ(statvfs(data.c_str(), &room), 0);
    auto take = static_cast<off_t>(room.f_bavail * room.f_bsize) - (4 << 20);
    int fd = open(filler(node).c_str(), O_CREAT | O_WRONLY, 0600);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(posix_fallocate(fd, 0, take), 0);
    close(fd);
  }
  // As the metadata leader hears it.
  bool says_full(const std::string& node) {
    client::cluster_status ask;
    auto answer = nodes->admin().call(ask);
    for (auto& n : answer.cluster.nodes())
      if (n.node() == node)
        return n.full();
    return false;
  }

  void make_room(const std::string& node) { std::filesystem::remove(filler(node)); }

  std::vector<std::string> mounted;
};

TEST_F(Disks, OneFullNodeHoldsNobodyUp) {
  begin();
  if (IsSkipped())
    return;
  for (auto& n : nodes->names()) {
    fill(n);
    ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return says_full(n); })) << n;
    progress();
    make_room(n);
    ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return !says_full(n); })) << n;
    progress();
  }
  judge();
}

TEST_F(Disks, WhenAllAreFullWritesAreRefusedClearlyAndGoOnWhenThereIsRoom) {
  begin();
  if (IsSkipped())
    return;
  for (auto& n : nodes->names())
    fill(n);
  client::put_item ask;
  ask.table = "registers";
  ask.item = client::make_item({{"id", client::s("full")}, {"value", client::s("x")}});
  ask.timeout = milliseconds(3'000);
  auto session = nodes->connect();
  client::write_result last;
  EXPECT_TRUE(eventually(milliseconds(20'000),
                         [&] {
                           last = session->call(ask);
                           return last.status.code() == msg::STORAGE_FULL;
                         }))
      << "the refusal does not say why: " << msg::Code_Name(last.status.code()) << " "
      << last.status.message();
  for (auto& n : nodes->names())
    make_room(n);
  progress();
  judge();
}

} // namespace
} // namespace troupe::cluster_test
