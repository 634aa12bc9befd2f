// The archive in an S3 service: the same nodes, another place.
#include "actors/client/values.h"
#include "tests/archive/s3_server.h"
#include "tests/cluster/archive_story.h"
#include <fstream>

namespace troupe::cluster_test {
namespace {

class ArchiveInABucket : public Archive {
protected:
  void change_settings(config::cluster& c) override {
    Archive::change_settings(c);
    auto root = directory.parent_path().string();
    server = std::make_unique<testing::s3_server>(root + "/s3");
    auto keys = root + "/s3.ini";
    std::ofstream(keys) << "[archive]\naws_access_key_id = " << server->options().access_key
                        << "\naws_secret_access_key = " << server->options().secret << "\n";
    fs::permissions(keys, fs::perms::owner_read | fs::perms::owner_write);
    c.archive.directory.clear();
    c.archive.bucket = server->options().bucket;
    c.archive.endpoint = server->endpoint();
    c.archive.prefix = "east";
    c.archive.credentials = keys;
    c.archive.connect_timeout_ms = 500;
  }
  std::unique_ptr<testing::s3_server> server;
};

TEST_F(ArchiveInABucket, TheSameInAnS3Service) {
  begin(heavy(), 1);
  auto group = nodes->group_of_table("registers");
  // A bounded amount: how much a second the server takes is nobody's promise.
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return clients->succeeded() > 3'000; }));
  clients->stop();
  auto settled = [&] {
    return every_member(group, [](auto& r) {
      return r.first_index() > 1 && r.archive().behind_bytes() == 0 && r.archive().alarm().empty();
    });
  };
  ASSERT_TRUE(eventually(milliseconds(90'000), settled)) << members(group)[leader()].ShortDebugString();
  check_cuts(group);
  server->stop();
  auto session = nodes->connect();
  for (int i = 0; i < 50; ++i) {
    client::put_item put;
    put.table = "registers";
    put.item = client::make_item({{"id", client::s("other" + std::to_string(i))}});
    EXPECT_TRUE(session->call(put).ok());
  }
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] {
    return !members(group)[leader()].archive().alarm().empty();
  })) << "nobody says that the service is away";
  server->start();
  EXPECT_TRUE(eventually(milliseconds(90'000), settled)) << members(group)[leader()].ShortDebugString();
  check_cuts(group);
  judge();
}

} // namespace
} // namespace troupe::cluster_test
