#include "storage/archive/item_snapshot.h"
#include "tests/unit/storage/fixtures.h"

namespace troupe::testing {

using namespace troupe::storage;

namespace {

archived_snapshot sample() {
  archived_snapshot what;
  what.about.set_cluster("town");
  what.about.set_group(7);
  what.header.set_group(7);
  what.header.set_index(1234);
  what.header.set_digest(99);
  what.parts = {{snapshot_part_bytes, 1}, {17, 2}};
  return what;
}

} // namespace

TEST(ArchivedSnapshot, AManifestComesBackAsItWas) {
  auto found = read_snapshot_manifest(write_snapshot_manifest(sample()), "here");
  ASSERT_TRUE(done(found));
  EXPECT_EQ(found->about.cluster(), "town");
  EXPECT_EQ(found->header.index(), 1234u);
  ASSERT_EQ(found->parts.size(), 2u);
  EXPECT_EQ(found->parts[1].bytes, 17u);
  EXPECT_EQ(found->parts[1].checksum, 2u);
  EXPECT_EQ(found->parts[0].bytes, snapshot_part_bytes);
}

TEST(ArchivedSnapshot, EveryFlippedByteAndEveryCutOfAManifestIsFound) {
  auto bytes = write_snapshot_manifest(sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto flipped = bytes;
    flipped[i] ^= 1;
    EXPECT_TRUE(failed_as(read_snapshot_manifest(flipped, "here"), code::corrupt)) << i;
    EXPECT_TRUE(failed_as(read_snapshot_manifest(bytes.substr(0, i), "here"), code::corrupt)) << i;
  }
  EXPECT_TRUE(failed_as(read_snapshot_manifest(bytes + "x", "here"), code::corrupt));
}

} // namespace troupe::testing
