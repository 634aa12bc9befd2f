// The scrubber's hand in the archive: what it puts, and that it ends when it is told to.
#include "actors/scrubber/archive_worker.h"
#include "actors/scrubber/paced_store.h"
#include "storage/archive/directory_store.h"
#include "storage/archive/segment.h"
#include "tests/unit/storage/fixtures.h"
#include <chrono>
#include <thread>

namespace troupe::scrubber {
namespace {

using outcome = archive_work_done::outcome;
using std::chrono::steady_clock;

constexpr archive::place whose{0xc1u, 0x7ab1eu, 12};

struct ArchiveWorker : ::testing::Test {
  testing::temporary_directory where;
  std::unique_ptr<storage::directory_store> store =
      std::move(*storage::directory_store::open(where.file("archive")));
  archive_terms terms;
  std::vector<msg::Entry> log;

  ArchiveWorker() {
    terms.bytes_per_second = std::int64_t{1} << 50;
    terms.scratch = where.file("scrub");
    testing::chain made(whose.group);
    for (int i = 0; i < 10; ++i)
      log.push_back(*made.next(msg::Command().SerializeAsString()));
  }
  archive_job put(std::size_t first, std::size_t last) const {
    auto about = std::make_shared<msg::SegmentManifest>();
    about->set_cluster_id(whose.cluster);
    about->set_table_id(whose.table);
    about->set_group(whose.group);
    archive_job job;
    job.what = archive_job::kind::put;
    job.whose = whose;
    job.about = about;
    job.entries =
        std::make_shared<const std::vector<msg::Entry>>(log.begin() + static_cast<std::ptrdiff_t>(first) - 1,
                                                        log.begin() + static_cast<std::ptrdiff_t>(last));
    return job;
  }
  std::string name(std::uint64_t first, std::uint64_t last, std::uint32_t copy) const {
    return archive::segment_name(archive::folder_of(whose), {first, last, copy});
  }
  bool sound(const std::string& object) {
    auto bytes = store->get(object, storage::segment_bytes_max);
    return bytes && storage::read_segment(*bytes, object);
  }
};

TEST_F(ArchiveWorker, WhatIsThereAndSoundIsNotPutTwice) {
  EXPECT_EQ(carry_out(put(1, 10), terms, *store).result, outcome::done);
  EXPECT_EQ(carry_out(put(1, 10), terms, *store).result, outcome::done);
  EXPECT_TRUE(sound(name(1, 10, 0)));
  EXPECT_FALSE(store->head(name(1, 10, 1)));
}

TEST_F(ArchiveWorker, BesideADamagedObjectGoesAnotherAndItIsNotTouched) {
  ASSERT_EQ(carry_out(put(1, 10), terms, *store).result, outcome::done);
  testing::flip_byte(where.file("archive/" + name(1, 10, 0)), 50);
  const auto damaged = *store->get(name(1, 10, 0), 1 << 20);
  EXPECT_EQ(carry_out(put(1, 10), terms, *store).result, outcome::done);
  EXPECT_TRUE(sound(name(1, 10, 1)));
  EXPECT_EQ(*store->get(name(1, 10, 0), 1 << 20), damaged);
}

TEST_F(ArchiveWorker, WhenEveryNameIsTakenByDamageItSaysSo) {
  for (std::uint32_t copy = 0; copy <= archive::copies_max; ++copy)
    ASSERT_TRUE(store->put(name(1, 10, copy), "rubbish"));
  const auto done = carry_out(put(1, 10), terms, *store);
  EXPECT_EQ(done.result, outcome::not_whole);
  EXPECT_NE(done.text.find("every copy of entries 1 to 10"), std::string::npos) << done.text;
}

TEST_F(ArchiveWorker, EntriesThatAreNoLogAreNotPut) {
  log[4].set_payload("another");
  EXPECT_EQ(carry_out(put(1, 10), terms, *store).result, outcome::not_whole);
  EXPECT_FALSE(store->head(name(1, 10, 0)));
}

TEST_F(ArchiveWorker, OfAGroupThatHasNothingThereNothingIsFound) {
  archive_job job;
  job.whose = whose;
  const auto done = carry_out(job, terms, *store);
  EXPECT_EQ(done.result, outcome::done);
  EXPECT_FALSE(done.found);
}

TEST_F(ArchiveWorker, AReadTakesAsLongAsItsBytesMay) {
  ASSERT_TRUE(store->put("x", std::string(3'000, 'x')));
  paced_store slow(*store, scrub::pace(100'000), nullptr);
  const auto began = steady_clock::now();
  EXPECT_TRUE(slow.get("x", 5'000));
  EXPECT_GE(steady_clock::now() - began, std::chrono::milliseconds(30));
  EXPECT_EQ(slow.bytes_read(), 3'000u);
}

// It would have to wait for a day.
TEST_F(ArchiveWorker, WhatWasCancelledEndsSoonAndBeginsNothing) {
  ASSERT_EQ(carry_out(put(1, 10), terms, *store).result, outcome::done);
  terms.cancelled = std::make_shared<std::atomic<bool>>(false);
  terms.bytes_per_second = 1;
  archive_job job;
  job.whose = whose;
  std::thread stop([cancelled = terms.cancelled] { *cancelled = true; });
  const auto done = carry_out(job, terms, *store);
  stop.join();
  EXPECT_LT(done.read_bytes, 86'400u);
  EXPECT_EQ(carry_out(job, terms, *store).result, outcome::failed);
}

} // namespace
} // namespace troupe::scrubber
