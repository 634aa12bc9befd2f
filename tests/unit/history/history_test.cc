// A group's past, read back from an archive in a directory: the log whatever pieces it lies in, and the items
// as they were at any time.
#include "actors/history/rebuild.h"
#include "config/limits.h"
#include "storage/archive/directory_store.h"
#include "storage/archive/segment.h"
#include "tests/unit/history/archived.h"
#include <map>
#include <optional>
#include <random>

namespace troupe::testing {

using history::log_reader;
using history::rebuild;
using storage::code;

namespace {

constexpr archive::place whose{0xc1u, 0x7ab1eu, 12};

using model = std::map<std::string, std::string>;

class History : public ::testing::Test {
protected:
  // A command that puts (or, without a value, removes) keys.
  void write(std::int64_t time_ms, const std::map<std::string, std::optional<std::string>>& what) {
    msg::Command command;
    command.set_time_ms(time_ms);
    for (auto& [key, value] : what) {
      auto& effect = *command.add_effects();
      effect.set_key(key);
      if (value)
        effect.set_item(*value);
      else
        effect.set_remove(true);
    }
    log.push_back(*made.next(command.SerializeAsString(), 3));
  }

  void archive(std::uint64_t first, std::uint64_t last, std::uint32_t copy = 0) {
    std::vector<msg::Entry> entries(log.begin() + static_cast<std::ptrdiff_t>(first) - 1,
                                    log.begin() + static_cast<std::ptrdiff_t>(last));
    auto bytes = storage::write_segment(about(whose), entries);
    ASSERT_TRUE(bytes) << bytes.error().text;
    ASSERT_TRUE(store->put(name(first, last, copy), *bytes));
  }
  static std::string name(std::uint64_t first, std::uint64_t last, std::uint32_t copy = 0) {
    return archive::segment_name(archive::folder_of(whose), {first, last, copy});
  }

  storage::result<model> restored(std::uint64_t last, std::int64_t time_ms = 0) {
    history::rebuild_order order;
    order.whose = whose;
    order.last = last;
    order.time_ms = time_ms;
    order.log_alone = log_alone;
    order.path = where.file("rebuilt.db");
    auto work = rebuild::begin(*store, order);
    if (!work)
      return work.error();
    if (auto done = (*work)->finish(); !done)
      return done.error();
    auto page = (*work)->items().scan("", "", false, 1'000'000, 1u << 30);
    if (!page)
      return page.error();
    at = (*work)->position().index;
    past_time = (*work)->past_time();
    began_with = (*work)->began_with();
    return model(page->records.begin(), page->records.end());
  }

  temporary_directory where;
  std::unique_ptr<storage::directory_store> store =
      std::move(*storage::directory_store::open(where.file("archive")));
  chain made{whose.group, 0, 0};
  std::vector<msg::Entry> log;
  std::uint64_t at = 0; // the newest entry in what was restored last
  bool past_time = false;
  std::uint64_t began_with = 0;
  bool log_alone = false;
};

} // namespace

TEST_F(History, IsReadWhateverPiecesItLiesIn) {
  for (int i = 0; i < 30; ++i)
    write(1000 + i, {{"k", std::to_string(i)}});
  archive(1, 10);
  archive(5, 12); // by another member
  archive(11, 20);
  archive(12, 30);
  log_reader reader(*store, whose);
  std::vector<msg::Entry> read;
  for (auto more = reader.next();; more = reader.next()) {
    ASSERT_TRUE(more) << more.error().text;
    if (more->empty())
      break;
    read.insert(read.end(), more->begin(), more->end());
  }
  ASSERT_EQ(read.size(), log.size());
  for (std::size_t i = 0; i < log.size(); ++i)
    EXPECT_EQ(read[i].link(), log[i].link());
  EXPECT_EQ(reader.position().index, 30u);
}

TEST_F(History, PassesOverWhatIsDamagedWhereItIsHeldTwice) {
  for (int i = 0; i < 20; ++i)
    write(1000 + i, {{"k" + std::to_string(i), "v"}});
  archive(1, 10);
  archive(1, 10, 1);
  archive(11, 20);
  flip_byte(where.file("archive/" + name(1, 10)), 90);
  auto found = restored(20);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->size(), 20u);
  flip_byte(where.file("archive/" + name(11, 20)), 90);
  auto lost = restored(20);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, code::corrupt);
  EXPECT_NE(lost.error().text.find("entry 11 of group 12 cannot be read"), std::string::npos)
      << lost.error().text;
}

TEST_F(History, SaysWhatIsMissing) {
  for (int i = 0; i < 30; ++i)
    write(1000 + i, {{"k", "v"}});
  archive(1, 10);
  archive(21, 30);
  auto hole = restored(30);
  ASSERT_FALSE(hole);
  EXPECT_EQ(hole.error().code, code::corrupt);
  EXPECT_NE(hole.error().text.find("entries 11 to 20 are missing"), std::string::npos) << hole.error().text;
  archive(11, 20);
  EXPECT_TRUE(restored(30));
  auto end = restored(31);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, code::missing);
}

// A group that was made anew under the same names is another history; nothing of it is taken for this one's.
TEST_F(History, TakesNothingOfAnotherHistory) {
  for (int i = 0; i < 10; ++i)
    write(1000 + i, {{"k", "v"}});
  archive(1, 10);
  log.clear();
  made = chain(whose.group, 0, 0);
  for (int i = 0; i < 20; ++i)
    write(2000 + i, {{"k", "other"}});
  archive(11, 20);
  auto mixed = restored(20);
  ASSERT_FALSE(mixed);
  EXPECT_NE(mixed.error().text.find("another history"), std::string::npos) << mixed.error().text;
}

TEST_F(History, EverythingEndsWhereTheArchiveEnds) {
  write(1000, {{"a", "1"}});
  write(2000, {{"b", "2"}});
  archive(1, 2);
  EXPECT_EQ(*restored(history::everything), (model{{"a", "1"}, {"b", "2"}}));
  EXPECT_FALSE(past_time);
  EXPECT_EQ(*restored(history::everything, 1999), (model{{"a", "1"}}));
  EXPECT_TRUE(past_time) << "the archive goes on behind that time";
  EXPECT_EQ(*restored(history::everything, 2000), (model{{"a", "1"}, {"b", "2"}}));
  EXPECT_FALSE(past_time) << "what comes next may be of that time, too";
}

// Not only a restore begins there, but also a member whose group has lost its items.
TEST_F(History, ARebuildKnowsWhatAMemberHasToKnow) {
  msg::Command repeated;
  repeated.set_time_ms(5'000);
  repeated.mutable_id()->set_client(3);
  repeated.mutable_id()->set_sequence(4);
  repeated.set_refused(true);
  repeated.set_refused_with(msg::CONDITION_FAILED);
  log.push_back(*made.next(repeated.SerializeAsString(), 3));
  write(6'000, {{"k", "v"}});
  archive(1, 2);
  history::rebuild_order order;
  order.whose = whose;
  order.last = 2;
  order.path = where.file("rebuilt.db");
  auto work = rebuild::begin(*store, order);
  ASSERT_TRUE(work);
  ASSERT_TRUE(*(*work)->step());
  auto requests = (*work)->items().requests();
  ASSERT_TRUE(requests);
  ASSERT_EQ(requests->size(), 1u);
  EXPECT_EQ(requests->front().id().client(), 3u);
  EXPECT_EQ(requests->front().index(), 1u);
  EXPECT_EQ(requests->front().time_ms(), 5'000);
  EXPECT_TRUE(requests->front().refused());
  EXPECT_EQ(requests->front().refused_with(), msg::CONDITION_FAILED);
}

namespace {

// A command of client 3, which its leader made at `clock_ms` by its clock.
std::string request(std::uint64_t sequence, std::int64_t time_ms, std::int64_t clock_ms) {
  msg::Command command;
  command.set_time_ms(time_ms);
  command.set_clock_ms(clock_ms);
  command.mutable_id()->set_client(3);
  command.mutable_id()->set_sequence(sequence);
  return command.SerializeAsString();
}

} // namespace

// A leader whose clock was an hour ahead, and another after it: what was asked for a moment before may still
// be repeated, and what came long before is forgotten although commands' times stand still.
TEST_F(History, ARebuildForgetsRequestsAsMembersDo) {
  const std::int64_t ahead = 3'600'000;
  log.push_back(*made.next(request(1, 1'000, 1'000), 3));
  log.push_back(*made.next(request(2, ahead, ahead), 3));
  archive(1, 2);
  auto known = [&](std::uint64_t last) {
    history::rebuild_order order;
    order.whose = whose;
    order.last = last;
    order.path = where.file("rebuilt.db");
    auto work = rebuild::begin(*store, order);
    EXPECT_TRUE(done(work) && done((*work)->finish()));
    std::vector<std::uint64_t> sequences;
    auto requests = (*work)->items().requests();
    EXPECT_TRUE(done(requests));
    for (auto& one : *requests)
      sequences.push_back(one.id().sequence());
    return sequences;
  };
  EXPECT_EQ(known(2), (std::vector<std::uint64_t>{1, 2}));

  const std::uint64_t seconds = 60;
  for (std::uint64_t i = 1; i <= seconds; ++i)
    log.push_back(*made.next(request(2 + i, ahead, 2'000 + static_cast<std::int64_t>(i) * 1'000), 3));
  archive(3, 2 + seconds);
  auto left = known(2 + seconds);
  EXPECT_EQ(left.back(), 2 + seconds);
  EXPECT_EQ(left.size(), limits::remembered_ms / 1'000 + 1) << "and no more";
}

// What the snapshot brings is forgotten by what follows it in the log.
TEST_F(History, ARebuildForgetsWhatItsSnapshotRemembered) {
  for (std::uint64_t i = 1; i <= 80; ++i) {
    auto now = static_cast<std::int64_t>(i) * 1'000;
    log.push_back(*made.next(request(i, now, now), 3));
  }
  archive(1, 40);
  archive(41, 80);
  history::rebuild_order order;
  order.whose = whose;
  order.last = 40;
  order.path = where.file("source.db");
  auto source = rebuild::begin(*store, order);
  ASSERT_TRUE(done(source) && done((*source)->finish()));
  archive_snapshot(*store, whose, (*source)->items(), where.file("snapshot"));
  order.path = where.file("rebuilt.db");
  order.last = 80;
  auto work = rebuild::begin(*store, order);
  ASSERT_TRUE(done(work) && done((*work)->finish()));
  EXPECT_EQ((*work)->began_with(), 40u);
  auto left = *(*work)->items().requests();
  ASSERT_FALSE(left.empty());
  EXPECT_EQ(left.front().id().sequence(), 80u - limits::remembered_ms / 1'000);
  EXPECT_EQ(left.back().id().sequence(), 80u);
}

TEST_F(History, ARebuildKeepsNothingOfAnEarlierOne) {
  write(1000, {{"a", "1"}});
  archive(1, 1);
  write_bytes(where.file("rebuilt.db"), "left by a node that died");
  auto found = restored(1);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(*found, (model{{"a", "1"}}));
  EXPECT_FALSE(std::filesystem::exists(where.file("rebuilt.db")));
  EXPECT_TRUE(restored(0)->empty());
}

// Snapshots stand for the log before them, which need not be there any more.
TEST_F(History, ARebuildBeginsWithTheNewestSnapshotThatIsNotTooYoung) {
  for (int i = 1; i <= 300; ++i)
    write(1000 + i, {{"k" + std::to_string(i % 50), "v" + std::to_string(i)}});
  archive(1, 100);
  archive(101, 200);
  archive(201, 300);
  std::map<std::uint64_t, archive::snapshot_id> snapshots;
  for (std::uint64_t index : {100u, 200u}) {
    history::rebuild_order order;
    order.whose = whose;
    order.last = index;
    order.path = where.file("source.db");
    auto work = rebuild::begin(*store, order);
    ASSERT_TRUE(work);
    while (!*(*work)->step()) {
    }
    snapshots[index] = archive_snapshot(*store, whose, (*work)->items(), where.file("snapshot"));
  }
  auto all = restored(300);
  ASSERT_TRUE(all) << all.error().text;
  EXPECT_EQ(began_with, 200u);
  EXPECT_EQ(restored(199)->size(), 50u);
  EXPECT_EQ(began_with, 100u);
  EXPECT_EQ((*restored(history::everything, 1000 + 199))["k49"], "v199")
      << "a snapshot of a later time is no beginning";
  EXPECT_EQ(began_with, 100u);
  EXPECT_EQ((*restored(history::everything, 1000 + 200))["k0"], "v200");
  EXPECT_EQ(began_with, 200u);
  EXPECT_EQ(restored(99)->size(), 50u);
  EXPECT_EQ(began_with, 0u);
  log_alone = true;
  EXPECT_EQ(*restored(300), *all) << "made of what members wrote down and not of what one of them kept";
  EXPECT_EQ(began_with, 0u);
  log_alone = false;

  // The log before it is not needed; without it, nothing older can be had.
  ASSERT_TRUE(store->remove(name(1, 100)));
  ASSERT_TRUE(store->remove(name(101, 200)));
  EXPECT_EQ(*restored(300), *all);
  EXPECT_FALSE(restored(99));
  archive(101, 200);

  // A damaged one is passed over.
  flip_byte(
      where.file("archive/" + archive::snapshot_part_name(archive::folder_of(whose), snapshots[200], 0)), 40);
  EXPECT_EQ(*restored(300), *all);
  EXPECT_EQ(began_with, 100u);
  EXPECT_FALSE(std::filesystem::exists(where.file("rebuilt.db-snapshot")));
}

namespace {

// Counts what is asked of it.
class counting_store final : public storage::object_store {
public:
  explicit counting_store(storage::object_store& behind) : behind_(behind) {}
  storage::result<storage::put_outcome> put(const std::string& name, std::string_view bytes) override {
    return behind_.put(name, bytes);
  }
  storage::result<std::string> get(const std::string& name, std::uint64_t max_bytes) override {
    ++gets;
    return behind_.get(name, max_bytes);
  }
  storage::result<std::string> get_range(const std::string& name, std::uint64_t offset,
                                         std::size_t count) override {
    return behind_.get_range(name, offset, count);
  }
  storage::result<storage::object_page> list(const std::string& prefix, const std::string& after,
                                             std::size_t max) override {
    ++lists;
    auto page = behind_.list(prefix, after, max);
    listed += page ? page->objects.size() : 0;
    return page;
  }
  storage::result<std::uint64_t> head(const std::string& name) override { return behind_.head(name); }
  storage::result<void> remove(const std::string& name) override { return behind_.remove(name); }
  std::string where(const std::string& name) const override { return behind_.where(name); }

  std::size_t gets = 0;
  std::size_t lists = 0;
  std::size_t listed = 0;

private:
  storage::object_store& behind_;
};

} // namespace

// A disk that another rebuild has filled, or the cluster's writes: nothing is fetched that would have no
// room.
TEST_F(History, ARebuildAsksForRoomBeforeItFetchesASnapshot) {
  for (int i = 1; i <= 20; ++i)
    write(1000 + i, {{"k" + std::to_string(i), std::string(1'000, 'v')}});
  archive(1, 20);
  history::rebuild_order order;
  order.whose = whose;
  order.last = 20;
  order.path = where.file("source.db");
  auto source = rebuild::begin(*store, order);
  ASSERT_TRUE(done(source) && done((*source)->finish()));
  archive_snapshot(*store, whose, (*source)->items(), where.file("snapshot"));
  const auto bytes = std::filesystem::file_size(where.file("snapshot"));

  std::vector<std::uint64_t> asked;
  std::size_t refuse_from = 0; // this question
  order.path = where.file("rebuilt.db");
  order.room = [&](std::uint64_t wanted) -> storage::result<void> {
    asked.push_back(wanted);
    if (asked.size() > refuse_from)
      return storage::error{code::full, "no room"};
    return {};
  };
  counting_store counted(*store);
  EXPECT_TRUE(failed_as(rebuild::begin(counted, order), code::full));
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{2 * bytes})) << "for what is fetched, and what it is put into";
  EXPECT_EQ(counted.gets, 1u) << "the manifest";

  asked.clear();
  refuse_from = 1; // somebody else took it meanwhile
  EXPECT_TRUE(failed_as(rebuild::begin(counted, order), code::full));
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{2 * bytes, bytes}));
  for (auto left : {"rebuilt.db", "rebuilt.db-snapshot"})
    EXPECT_FALSE(std::filesystem::exists(where.file(left))) << left;

  refuse_from = 10;
  EXPECT_TRUE(done(rebuild::begin(counted, order)));
}

// Two members may have made one of the same entry: that one of them is damaged loses nothing.
TEST_F(History, ADamagedSnapshotHidesNoOtherOfTheSameEntry) {
  for (int i = 1; i <= 20; ++i)
    write(1000 + i, {{"k" + std::to_string(i), "v"}});
  archive(1, 10);
  archive(11, 20);
  history::rebuild_order order;
  order.whose = whose;
  order.last = 10;
  order.path = where.file("source.db");
  auto work = rebuild::begin(*store, order);
  ASSERT_TRUE(work);
  ASSERT_TRUE(*(*work)->step());
  archive_snapshot(*store, whose, (*work)->items(), where.file("snapshot"), 31);
  auto newer = archive_snapshot(*store, whose, (*work)->items(), where.file("snapshot"), 32);
  ASSERT_TRUE(store->remove(name(1, 10))); // only they know what was in it
  flip_byte(where.file("archive/" + archive::snapshot_part_name(archive::folder_of(whose), newer, 0)), 40);
  auto found = restored(20);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->size(), 20u);
  EXPECT_EQ(began_with, 10u);
}

// What was read and could not be taken is not in the items: going on would leave a hole.
TEST_F(History, AfterAnEntryThatIsNotTakenARebuildIsOver) {
  write(1000, {{"a", "1"}});
  write(1001, {{"b", "no item"}});
  write(1002, {{"c", "3"}});
  archive(1, 2);
  archive(3, 3);
  history::rebuild_order order;
  order.whose = whose;
  order.last = 3;
  order.path = where.file("rebuilt.db");
  order.items.entries.indexes = 1;
  order.items.entries.definitions = "of all but one";
  order.items.entries.make = [](std::string_view, std::string_view value, std::vector<storage::item_entry>&) {
    return value != "no item";
  };
  auto work = rebuild::begin(*store, order);
  ASSERT_TRUE(done(work));
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE((*work)->step());
  EXPECT_EQ((*work)->position().index, 0u);
}

// A log that was archived a minute at a time is in half a million segments after a year.
TEST_F(History, AReaderDoesNotListTheLogAgainForEverySegment) {
  for (std::uint64_t i = 1; i <= 60; ++i) {
    write(1000, {{"k", std::to_string(i)}});
    archive(i, i);
  }
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(store->put(
        archive::snapshot_part_name(archive::folder_of(whose), {60, 1}, static_cast<std::size_t>(i)),
        "part"));
  counting_store counted(*store);
  log_reader reader(counted, whose);
  auto read_on = [&] {
    for (;;) {
      auto more = reader.next();
      ASSERT_TRUE(more) << more.error().text;
      if (more->empty())
        return;
    }
  };
  read_on();
  EXPECT_EQ(reader.position().index, 60u);
  EXPECT_EQ(counted.lists, 2u) << "and once to see that nothing follows";
  EXPECT_EQ(counted.listed, 60u) << "and nothing but segments";

  // What comes later is found all the same, also a sound copy of what was read in vain.
  write(1000, {{"k", "last"}});
  archive(61, 61);
  flip_byte(where.file("archive/" + name(61, 61)), 90);
  EXPECT_TRUE(failed_as(reader.next(), code::corrupt));
  archive(61, 61, 1);
  read_on();
  EXPECT_EQ(reader.position().index, 61u);
}

// Random histories with times, archived in random pieces; each restored to 50 random times, and to entries.
TEST_F(History, IsAtAnyTimeWhatItWasThen) {
  std::mt19937_64 dice(7);
  std::vector<std::pair<std::int64_t, model>> past; // after each entry
  model now;
  std::int64_t time_ms = 1'000'000;
  for (int i = 0; i < 600; ++i) {
    time_ms += static_cast<std::int64_t>(dice() % 3 == 0 ? dice() % 2000 : 0); // several in a millisecond
    std::map<std::string, std::optional<std::string>> what;
    for (auto n = dice() % 4; n > 0; --n) {
      auto key = "k" + std::to_string(dice() % 40);
      if (dice() % 3 == 0)
        what[key] = std::nullopt;
      else
        what[key] = std::string(dice() % 300, static_cast<char>('a' + dice() % 26)) + std::to_string(i);
    }
    write(time_ms, what);
    for (auto& [key, value] : what) {
      if (value)
        now[key] = *value;
      else
        now.erase(key);
    }
    past.emplace_back(time_ms, now);
  }
  for (std::uint64_t first = 1; first <= log.size();) {
    auto last = std::min<std::uint64_t>(log.size(), first + dice() % 60);
    auto overlap = std::min<std::uint64_t>(first - 1, dice() % 5);
    archive(first - overlap, last);
    first = last + 1;
  }
  for (int round = 0; round < 50; ++round) {
    auto wanted =
        1'000'000 - 500 + static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(time_ms - 999'000));
    model expected;
    std::uint64_t index = 0;
    for (auto& [when, then] : past) {
      if (when > wanted)
        break;
      expected = then;
      ++index;
    }
    auto found = restored(log.size(), wanted);
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(*found, expected) << "as of " << wanted;
    EXPECT_EQ(at, index);
  }
  for (std::uint64_t last : {1u, 17u, 300u, 600u}) {
    auto found = restored(last);
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(*found, past[last - 1].second) << "up to " << last;
  }
}

} // namespace troupe::testing
