// Snapshots as the replica that needs one sees them: what it does with an answer that comes when the world
// has moved on.
#include "config/limits.h"
#include "tests/unit/replica/lone_replica.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace troupe::replica {
namespace {

using namespace std::chrono_literals;
using test::lone_replica;

std::size_t questions(const lone_replica& w) {
  return static_cast<std::size_t>(
      std::count_if(w.told.begin(), w.told.end(), [](auto& one) { return one.has_snapshot_request(); }));
}

// The log above the snapshot came after all while the snapshot was being stored. The item file is ahead of
// what is applied then, and a flush of less would be wrong.
TEST(Transfer, OfASnapshotThatIsNotWantedAnyMoreStillCountsWhenItIsInstalled) {
  lone_replica w(test::follows);
  test::leaders_log log;
  auto first = log.put("one", "1");
  w.hear(log.accept({first}, 1));
  auto second = log.put("two", "2");
  auto third = log.put("three", "3");
  w.hear(log.gone());
  w.pass(1100ms);
  ASSERT_EQ(questions(w), 1u);
  w.hear(log.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);

  w.hear(log.accept({second, third, log.put("four", "4")}, 4));
  w.pass(1100ms);
  w.pass(1100ms);
  EXPECT_EQ(w.asked.applies.size(), 0u) << "the file is about to be another one";
  auto opened = w.asked.opens.size();
  w.answer_store();
  ASSERT_EQ(w.asked.opens.size(), opened + 1) << "it begins again, from the file that is there";
  w.pass(1100ms);
  for (auto& flush : w.asked.applies)
    EXPECT_GE(flush.applied, 3u);
}

// Installing a large one takes a while, and the log comes as fast as ever: what is not flushed is bounded.
TEST(Transfer, OfASnapshotThatIsNotWantedAnyMoreIsLeftWhenTooMuchWaitsForIt) {
  lone_replica w(test::follows);
  test::leaders_log log;
  auto first = log.put("one", "1");
  w.hear(log.accept({first}, 1));
  auto second = log.put("two", "2");
  w.hear(log.gone());
  w.pass(1100ms);
  w.hear(log.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  auto looks = w.asked.looks.size();
  w.hear(log.accept({second}, 2));
  w.pass(1100ms);
  EXPECT_EQ(w.asked.looks.size(), looks) << "a little can wait";
  for (int i = 0; i < 12; ++i)
    w.hear(log.accept({log.put("key" + std::to_string(i), std::string(400'000, 'x'))}, log.index));
  w.pass(100ms);
  ASSERT_EQ(w.asked.looks.size(), looks + 1);
  EXPECT_TRUE(w.asked.looks.back().anew);
  EXPECT_EQ(w.asked.looks.back().transfer, w.asked.stores[0].transfer);
  w.pass(1100ms);
  EXPECT_FALSE(w.asked.applies.empty()) << "and is flushed";
}

TEST(Transfer, IsOverWhereTheFileStandsAtTheSnapshotAlready) {
  wire::items_opened
      file; // a crash came between the installing of a snapshot and the log's going on from there
  file.applied = file.durable = 9;
  wire::log_loaded log;
  log.exists = true;
  *log.hard_state.mutable_configuration() = test::three_members();
  lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, file, log);
  test::leaders_log leader;
  while (leader.index < 9)
    leader.put("key", "item");
  w.hear(leader.gone());
  w.pass(1100ms);
  ASSERT_EQ(questions(w), 1u);
  w.hear(leader.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  w.answer_store();
  auto reset =
      std::find_if(w.appended.begin(), w.appended.end(), [](auto& job) { return job.reset.has_value(); });
  ASSERT_NE(reset, w.appended.end()) << "the log goes on from there";
  EXPECT_EQ(reset->reset->index, 9u);
}

lone_replica::adjustment log_replica(bool fresh) {
  return [fresh](replica_options& options) {
    options.configuration = test::three_members(msg::LOG_REPLICA);
    options.kind = msg::LOG_REPLICA;
    options.preferred_leader = false;
    options.fresh = fresh;
  };
}

// Its disk is never idle: another Accept comes during every sync.
TEST(Transfer, OfItemsToALogReplicaEndsUnderSteadyLoad) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(questions(w), 1u);
  test::leaders_log log;
  auto snapshot = log.snapshot();
  w.slow_disk = true;
  w.hear(log.accept({log.put("one", "1")}, 0));
  w.hear(snapshot);
  ASSERT_EQ(w.asked.stores.size(), 1u);
  w.answer_store();
  w.hear(log.accept({log.put("two", "2")}, 1));
  ASSERT_EQ(w.appends.size(), 1u);
  w.answer_disk();
  EXPECT_EQ(w.asked.opens.size(), 1u) << "it opens its items before the disk is given more to do";
}

TEST(Transfer, ThatCannotBeStoredIsTriedFromAnotherMember) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(questions(w), 1u);
  auto first = w.told.back().snapshot_request().to();
  w.hear(test::leaders_log().snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  wire::snapshot_stored answer;
  answer.transfer = w.asked.stores[0].transfer;
  answer.result = {wire::disk_outcome::corrupt, "it is not the snapshot that was announced"};
  w.items_say(std::move(answer));
  w.pass(1100ms);
  ASSERT_EQ(questions(w), 2u);
  EXPECT_NE(w.told.back().snapshot_request().to(), first);
}

// Installing a large one takes longer than a silent source is borne.
TEST(Transfer, IsNotGivenUpWhileTheLastPieceIsInstalled) {
  lone_replica w(log_replica(true));
  w.grow();
  w.hear(test::leaders_log().snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  for (int second = 0; second < 10; ++second)
    w.pass(1000ms);
  EXPECT_EQ(questions(w), 1u) << "what it asked for is there";
  w.answer_store();
  EXPECT_EQ(w.asked.opens.size(), 1u);
}

// A partition of any size: its snapshot is there when it is there.
TEST(Transfer, WaitsForASnapshotThatIsBeingCut) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(questions(w), 1u);
  auto begun = w.told.back().snapshot_request();
  msg::SnapshotChunk sign_of_life;
  sign_of_life.set_being_cut(true);
  for (int second = 0; second < 60; ++second) {
    w.hear(sign_of_life);
    w.pass(1000ms);
  }
  EXPECT_EQ(questions(w), 61u);
  auto& last = w.told.back().snapshot_request();
  EXPECT_EQ(last.transfer(), begun.transfer());
  EXPECT_EQ(last.to(), begun.to());
  w.hear(test::leaders_log().snapshot());
  EXPECT_EQ(w.asked.stores.size(), 1u);
}

// Whom it asks, when nobody answers.
std::set<std::uint64_t> asked_in_turn(lone_replica& w) {
  std::set<std::uint64_t> asked;
  for (int second = 0; second < 12; ++second)
    w.pass(1000ms);
  for (auto& one : w.told)
    if (one.has_snapshot_request())
      asked.insert(one.snapshot_request().to());
  return asked;
}

TEST(Transfer, GoesToAnotherMemberWhenTheFirstIsSilent) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(questions(w), 1u);
  EXPECT_EQ(asked_in_turn(w), (std::set<std::uint64_t>{2, 3}));
}

// Nobody leads, and nobody who has the items answers.
TEST(Transfer, OfItemsThatNobodyGivesIsFromTheArchive) {
  lone_replica w(log_replica(true), {}, {}, true);
  w.grow();
  for (int second = 0; second < 12 && w.rebuilds.empty(); ++second)
    w.pass(1000ms);
  ASSERT_EQ(w.rebuilds.size(), 1u);
  EXPECT_EQ(w.rebuilds[0].least, 0u);
  EXPECT_EQ(w.rebuilds[0].last, 0u);
  EXPECT_GE(questions(w), 4u) << "of members, before";
  auto asked = questions(w);
  wire::items_rebuilt progress;
  progress.transfer = w.rebuilds[0].transfer;
  progress.bytes = 3 * limits::snapshot_chunk_bytes;
  progress.total = 10u << 20;
  w.items_say(progress);
  w.pass(1000ms);
  EXPECT_TRUE(w.report().growth_archived());
  EXPECT_EQ(w.report().growth_bytes(), 3 * limits::snapshot_chunk_bytes);
  EXPECT_EQ(w.report().growth_total(), 10u << 20);
  EXPECT_EQ(questions(w), asked) << "it waits for what it asked for";

  wire::items_rebuilt failed;
  failed.transfer = w.rebuilds[0].transfer;
  failed.trouble = "the archive is away";
  w.items_say(failed);
  w.pass(1000ms);
  EXPECT_FALSE(w.report().growth_archived());
  for (int second = 0; second < 12 && w.rebuilds.size() < 2; ++second)
    w.pass(1000ms);
  EXPECT_EQ(w.rebuilds.size(), 2u) << "and again, when the members have been asked again";
}

// A log replica that knows entries 1 to 3 to be chosen and has a fourth, asks the archive for its items.
struct asks_the_archive {
  lone_replica w{log_replica(true), {}, {}, true};
  test::leaders_log log;
  std::vector<std::uint64_t> links;

  asks_the_archive() {
    std::vector<msg::Entry> entries;
    for (const char* key : {"one", "two", "three", "four"})
      entries.push_back(log.put(key, "1"));
    for (auto& entry : entries)
      links.push_back(entry.link());
    w.hear(log.accept(entries, 3));
    again();
  }
  void again() {
    auto before = w.rebuilds.size();
    for (int second = 0; second < 40 && w.rebuilds.size() == before; ++second) {
      w.grow();
      w.pass(1000ms);
    }
  }
  void made(std::uint64_t index, std::uint64_t link) {
    wire::items_rebuilt made;
    made.transfer = w.rebuilds.back().transfer;
    made.file = "7-archived.snapshot";
    made.index = index;
    made.link = link;
    w.items_say(made);
  }
};

TEST(Archive, ItemsFromItAreTakenWhereTheyEndAsTheLogDoes) {
  asks_the_archive a;
  ASSERT_EQ(a.w.rebuilds.size(), 1u);
  EXPECT_EQ(a.w.rebuilds[0].least, 0u);
  EXPECT_EQ(a.w.rebuilds[0].last, 3u) << "no further than it knows to be chosen";
  a.made(2, a.links[1]);
  ASSERT_EQ(a.w.asked.stores.size(), 1u);
  EXPECT_EQ(a.w.asked.stores[0].file, "7-archived.snapshot");
  wire::snapshot_stored installed;
  installed.transfer = a.w.asked.stores[0].transfer;
  installed.installed = true;
  a.w.stored.applied = a.w.stored.durable = 2;
  a.w.stored.applied_link = a.links[1];
  auto opened = a.w.asked.opens.size();
  a.w.items_say(installed);
  EXPECT_EQ(a.w.asked.opens.size(), opened + 1) << "it opens with the items";
  EXPECT_TRUE(a.w.report().grown());
  EXPECT_EQ(a.w.report().applied(), 3u) << "and applies what its log has above";
}

TEST(Archive, ItemsFromItThatAreOfAnotherHistoryAreThrownAway) {
  asks_the_archive a;
  ASSERT_EQ(a.w.rebuilds.size(), 1u);
  auto looks = a.w.asked.looks.size();
  a.made(2, a.links[1] + 1);
  EXPECT_TRUE(a.w.asked.stores.empty());
  ASSERT_EQ(a.w.asked.looks.size(), looks + 1);
  EXPECT_EQ(a.w.asked.looks.back().file, "7-archived.snapshot");
  EXPECT_TRUE(a.w.asked.looks.back().anew);
  EXPECT_FALSE(a.w.report().grown());
  a.again();
  ASSERT_EQ(a.w.rebuilds.size(), 2u) << "it may have been the store's mistake";
}

TEST(Archive, ItemsFromItThatEndOutsideOfWhatTheLogKnowsToBeChosenAreThrownAway) {
  asks_the_archive a;
  ASSERT_EQ(a.w.rebuilds.size(), 1u);
  a.made(4, a.links[3]);
  EXPECT_TRUE(a.w.asked.stores.empty()) << "another leader may have put something else there";
  a.again();
  ASSERT_EQ(a.w.rebuilds.size(), 2u);
  a.made(5, 4711);
  EXPECT_TRUE(a.w.asked.stores.empty());
}

TEST(Archive, ItemsFromItThatNobodyWaitsForAnyMoreAreRemoved) {
  lone_replica w(test::follows);
  wire::items_rebuilt made;
  made.transfer = 4711;
  made.file = "7-archived.snapshot";
  w.items_say(made);
  ASSERT_EQ(w.asked.looks.size(), 1u);
  EXPECT_EQ(w.asked.looks[0].file, "7-archived.snapshot");
}

// All voters with items are gone for good, and one that had been silent for long is back.
TEST(Transfer, OfItemsIsFromALearnerWhereNobodyElseHasThem) {
  lone_replica w([](replica_options& options) {
    log_replica(true)(options);
    options.configuration.mutable_members(2)->set_kind(msg::LEARNER);
  });
  w.grow();
  EXPECT_EQ(asked_in_turn(w), (std::set<std::uint64_t>{2, 3}));
}

TEST(Transfer, LeavesNothingBehindWhenSomebodyElseIsToGrow) {
  lone_replica w(log_replica(true));
  w.grow();
  auto looks = w.asked.looks.size();
  for (int second = 0; second < 70 && w.report().growth_total() > 0; ++second)
    w.pass(1000ms); // nobody says any more that it is to
  EXPECT_EQ(w.report().growth_total(), 0u);
  ASSERT_GT(w.asked.looks.size(), looks);
  EXPECT_TRUE(w.asked.looks.back().anew);
}

// The node was killed in the middle of a transfer.
TEST(Transfer, GoesOnWhereAnEarlierOneEnded) {
  lone_replica w(log_replica(true));
  w.left.next_chunk = 17;
  w.left.snapshot = 4711;
  w.grow();
  ASSERT_EQ(questions(w), 1u);
  EXPECT_EQ(w.told.back().snapshot_request().chunk(), 17u);
  EXPECT_EQ(w.told.back().snapshot_request().resume(), 4711u);
  ASSERT_EQ(w.asked.looks.size(), 1u);
  EXPECT_FALSE(w.asked.looks[0].anew);
}

msg::SnapshotChunk not_here_any_more() {
  msg::SnapshotChunk answer;
  answer.set_refused("gone");
  answer.set_ended(true);
  return answer;
}

TEST(Transfer, BeginsAnewWhenNobodyHasTheSnapshotAnyMore) {
  lone_replica w(log_replica(true));
  w.left.next_chunk = 17;
  w.left.snapshot = 4711;
  w.grow();
  std::vector<std::uint64_t> asked;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(questions(w), asked.size() + 1);
    auto& question = w.told.back().snapshot_request();
    EXPECT_EQ(question.resume(), 4711u) << "every source may still have it";
    asked.push_back(question.to());
    w.hear(not_here_any_more());
    w.pass(1100ms);
  }
  EXPECT_NE(asked[0], asked[1]);
  ASSERT_EQ(questions(w), 3u);
  EXPECT_EQ(w.told.back().snapshot_request().chunk(), 0u);
  EXPECT_EQ(w.told.back().snapshot_request().resume(), 0u);
  EXPECT_TRUE(w.asked.looks.back().anew);
}

// Another one would have to give all of it anew.
TEST(Transfer, WaitsForASourceThatIsAwayForAMoment) {
  lone_replica w(log_replica(true));
  w.left.next_chunk = 17;
  w.left.snapshot = 4711;
  w.grow();
  std::set<std::uint64_t> asked;
  auto looks = w.asked.looks.size();
  auto begun_anew = [&] {
    return std::any_of(w.asked.looks.begin() + static_cast<std::ptrdiff_t>(looks), w.asked.looks.end(),
                       [](auto& look) { return look.anew; });
  };
  auto ask_for = [&](int seconds) {
    for (int second = 0; second < seconds && !begun_anew(); ++second) {
      w.grow();
      auto last =
          std::find_if(w.told.rbegin(), w.told.rend(), [](auto& one) { return one.has_snapshot_request(); });
      ASSERT_NE(last, w.told.rend());
      auto to = last->snapshot_request().to();
      asked.insert(to);
      if (to == 2) // the other one does not answer
        w.hear(not_here_any_more());
      w.pass(1000ms);
    }
  };
  ask_for(14);
  EXPECT_EQ(asked, (std::set<std::uint64_t>{2, 3}));
  EXPECT_FALSE(begun_anew());
  ask_for(20);
  EXPECT_TRUE(begun_anew()) << "but not for ever";
}

// The source was killed, and is back before the next question.
TEST(Transfer, NamesTheSnapshotThatItIsOfWithEveryQuestionAfterTheFirst) {
  lone_replica w(log_replica(true));
  w.grow();
  EXPECT_EQ(w.told.back().snapshot_request().resume(), 0u);
  auto piece = test::leaders_log().snapshot();
  piece.set_last(false);
  piece.set_snapshot(4711);
  w.hear(piece);
  ASSERT_EQ(w.asked.stores.size(), 1u);
  wire::snapshot_stored answer;
  answer.transfer = w.asked.stores[0].transfer;
  answer.next_chunk = 1;
  w.items_say(std::move(answer));
  ASSERT_EQ(questions(w), 2u);
  EXPECT_EQ(w.told.back().snapshot_request().chunk(), 1u);
  EXPECT_EQ(w.told.back().snapshot_request().resume(), 4711u);
}

TEST(Transfer, AsksForNoMoreBytesASecondThanTheNodeMayTake) {
  lone_replica w([](replica_options& options) {
    log_replica(true)(options);
    options.takes = std::make_shared<kit::pace>(limits::snapshot_chunk_bytes, options.clock->now_us());
  });
  w.grow();
  int pieces = 0;
  for (int tenth = 0; tenth < 100; ++tenth) {
    if (questions(w) > static_cast<std::size_t>(pieces)) {
      ++pieces;
      auto piece = test::leaders_log().snapshot();
      piece.set_last(false);
      w.hear(piece);
      ASSERT_FALSE(w.asked.stores.empty());
      wire::snapshot_stored answer;
      answer.transfer = w.asked.stores.back().transfer;
      answer.next_chunk = static_cast<std::uint64_t>(pieces);
      w.items_say(std::move(answer));
    }
    w.pass(100ms);
  }
  EXPECT_GE(pieces, 9);
  EXPECT_LE(pieces, 12);
}

// It has not got any bytes meanwhile.
TEST(Transfer, AsksAsOftenAsEverForWhatIsBeingCut) {
  lone_replica w([](replica_options& options) {
    log_replica(true)(options);
    options.takes = std::make_shared<kit::pace>(limits::snapshot_chunk_bytes, options.clock->now_us());
  });
  w.grow();
  msg::SnapshotChunk sign_of_life;
  sign_of_life.set_being_cut(true);
  for (int tenth = 0; tenth < 100; ++tenth) {
    w.hear(sign_of_life);
    w.pass(100ms);
  }
  EXPECT_GT(questions(w), 50u);
}

// A member that is too far behind, and not one that grows.
TEST(Transfer, OfWhoIsBehindGoesToAnotherMemberWhenTheFirstIsSilentOrRefuses) {
  lone_replica w(test::follows);
  test::leaders_log log;
  log.put("one", "1");
  log.put("two", "2");
  w.hear(log.gone());
  w.pass(1100ms);
  ASSERT_EQ(questions(w), 1u);
  ASSERT_EQ(w.told.back().snapshot_request().to(), 2u);
  auto asked_last = [&] {
    auto it =
        std::find_if(w.told.rbegin(), w.told.rend(), [](auto& one) { return one.has_snapshot_request(); });
    return it->snapshot_request().to();
  };
  for (int second = 0; second < 8; ++second)
    w.pass(1000ms);
  EXPECT_EQ(asked_last(), 3u) << "silent";
  w.hear(log.gone());
  EXPECT_EQ(asked_last(), 3u) << "what it has begun goes on";
  msg::SnapshotChunk refusal;
  refusal.set_refused("too much changed");
  w.hear(refusal);
  w.pass(1100ms);
  EXPECT_EQ(asked_last(), 2u) << "refuses";
}

wire::snapshot_part answer_to(const wire::read_snapshot& question) {
  wire::snapshot_part part;
  part.token = question.token;
  part.chunk.set_transfer(question.transfer);
  part.chunk.set_chunk(question.chunk);
  return part;
}

TEST(Source, HasOneQuestionOfEachMemberWithItsWorkerWhateverTheyRepeat) {
  lone_replica w(test::follows);
  w.asked_for_piece(2, 22, 0);
  w.asked_for_piece(2, 22, 0);
  w.asked_for_piece(2, 23, 0);
  w.asked_for_piece(3, 33, 0);
  ASSERT_EQ(w.asked.pieces.size(), 2u);
  EXPECT_EQ(w.asked.pieces[0].transfer, 22u);
  EXPECT_EQ(w.asked.pieces[1].transfer, 33u);

  auto refusal = answer_to(w.asked.pieces[0]);
  refusal.result = {wire::disk_outcome::full, "too much changed"};
  w.told.clear();
  w.items_say(refusal);
  auto cutting = answer_to(w.asked.pieces[1]);
  cutting.being_cut = true;
  w.items_say(cutting);
  ASSERT_EQ(w.told.size(), 2u) << "both hear of it";
  EXPECT_EQ(w.told[0].snapshot_chunk().to(), 2u);
  EXPECT_NE(w.told[0].snapshot_chunk().refused(), "");
  EXPECT_EQ(w.told[1].snapshot_chunk().to(), 3u);
  EXPECT_TRUE(w.told[1].snapshot_chunk().being_cut());

  w.asked_for_piece(2, 24, 0, 5);
  ASSERT_EQ(w.asked.pieces.size(), 3u) << "and may ask again";
  EXPECT_EQ(w.asked.pieces[2].at_least, 5u);
}

TEST(Source, WhoseItemsAreFoundCorruptByACutIsDamaged) {
  lone_replica w(test::follows);
  wire::items_applied news;
  news.result = {wire::disk_outcome::corrupt, "a record is not what was written"};
  w.items_say(news);
  EXPECT_NE(w.report().damage(), "");
}

wire::log_loaded empty_log(const msg::Configuration& configuration) {
  wire::log_loaded log;
  log.exists = true;
  *log.hard_state.mutable_configuration() = configuration;
  return log;
}

TEST(Items, ThatCannotBeOpenedNowAreNotGone) {
  wire::items_opened file;
  file.result = {wire::disk_outcome::full, "no room"};
  lone_replica w(log_replica(false), file, empty_log(test::three_members(msg::LOG_REPLICA)));
  EXPECT_NE(w.report().trouble(), "") << "it is started again";
  EXPECT_EQ(w.report().damage(), "");
}

// Whether a damaged member still has items that somebody may need one day is for it to say.
TEST(Items, ThatAreDamagedWhenTheyAreOpenedAreStillThere) {
  auto opens = [](wire::disk_outcome outcome) {
    wire::items_opened file;
    file.result = {outcome, "as it is"};
    lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, file,
                   empty_log(test::three_members()));
    auto report = w.report();
    EXPECT_NE(report.damage(), "");
    return !report.items_gone();
  };
  EXPECT_TRUE(opens(wire::disk_outcome::corrupt));
  EXPECT_FALSE(opens(wire::disk_outcome::missing));

  wire::items_opened file;
  file.items = 3;
  file.bytes = 300;
  lone_replica without_log([](auto& options) { test::follows(options), options.fresh = false; }, file);
  EXPECT_EQ(without_log.report().damage(), "its log is gone");
  EXPECT_TRUE(without_log.report().items_gone()) << "where they end nobody knows";
}

TEST(Items, ThatAreWrongAreNothingToKeep) {
  wire::items_opened file;
  file.bytes = 300;
  lone_replica w(test::follows, file);
  EXPECT_FALSE(w.report().items_gone()) << "nothing is wrong";
  w.items_say(wire::condemn{1, true, "it differs from two others"});
  EXPECT_NE(w.report().damage(), "");
  EXPECT_TRUE(w.report().items_gone());
}

TEST(Items, OfWhoIsCalledAStorageReplicaAndHasNoneAreDamage) {
  wire::items_opened file;
  file.result = {wire::disk_outcome::missing, "there is no file"};
  lone_replica w(log_replica(false), file, empty_log(test::three_members(msg::LOG_REPLICA)));
  EXPECT_EQ(w.report().damage(), "") << "a log replica needs none";
  auto promoted = test::three_members();
  promoted.set_epoch(2);
  test::leaders_log log;
  w.pass(5000ms); // whoever leads, and was promised what this member forgot, has lost its lease by now
  w.hear(log.accept({log.configuration(promoted)}, 1));
  EXPECT_EQ(w.report().damage(), "its items are gone");
}

// Its log reaches further down than items of now would.
TEST(Items, AreFetchedByALogReplicaWhenItsLogHasBegun) {
  auto log = empty_log(test::three_members(msg::LOG_REPLICA));
  log.hard_state.set_configuration_index(3); // it was told of it, and has not got there
  wire::items_opened none;
  none.result = {wire::disk_outcome::missing, "there is no file"};
  lone_replica w(log_replica(false), none, log);
  w.grow();
  w.pass(1100ms);
  EXPECT_EQ(questions(w), 0u);
  log.hard_state.set_configuration_index(0);
  lone_replica begun(log_replica(false), none, log);
  begun.grow();
  begun.pass(1100ms);
  EXPECT_GE(questions(begun), 1u);
}

// A crash came between the installing of a snapshot and the log's going on from there. What the log has there
// was proposed by somebody who was deposed.
TEST(Items, AheadOfWhatTheLogKnowsToBeChosenReplaceALeftover) {
  test::leaders_log old;
  auto loaded = empty_log(test::three_members());
  for (const char* key : {"one", "two", "three"})
    loaded.entries.push_back(old.put(key, "never chosen"));
  loaded.hard_state.set_commit(1);
  wire::items_opened file;
  file.applied = file.durable = 2;
  file.applied_link = 4711;
  file.configuration = test::three_members();
  lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, file, loaded);
  auto reset =
      std::find_if(w.appended.begin(), w.appended.end(), [](auto& job) { return job.reset.has_value(); });
  ASSERT_NE(reset, w.appended.end());
  EXPECT_EQ(reset->reset->index, 2u);
  EXPECT_EQ(reset->reset->link, 4711u);
  ASSERT_EQ(reset->entries.size(), 1u) << "what lies above may be a vote";
  EXPECT_EQ(reset->entries[0]->index(), 3u);
  EXPECT_EQ(w.report().damage(), "");
  EXPECT_EQ(w.report().applied(), 2u);
  EXPECT_EQ(w.report().commit(), 2u);
}

// Of another history than the log, where that is known to be chosen.
class StrangeItems : public ::testing::Test {
protected:
  StrangeItems() {
    for (const char* key : {"one", "two", "three"})
      log.entries.push_back(leader.put(key, "1"));
    log.hard_state.set_commit(2);
    file.applied = file.durable = 2;
    file.applied_link = leader.link + 1;
    file.configuration = test::three_members();
  }
  test::leaders_log leader;
  wire::log_loaded log = empty_log(test::three_members());
  wire::items_opened file;
};

TEST_F(StrangeItems, AreDamageToAStorageReplica) {
  lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, file, log);
  EXPECT_NE(w.report().damage().find("not those of its log at 2"), std::string::npos) << w.report().damage();
}

TEST_F(StrangeItems, AreNotTakenForItemsByALogReplica) {
  *log.hard_state.mutable_configuration() = test::three_members(msg::LOG_REPLICA);
  lone_replica w(log_replica(false), file, log);
  EXPECT_EQ(w.report().damage(), "") << "it needs none";
  EXPECT_EQ(w.report().trouble(), "");
  EXPECT_FALSE(w.report().grown());
  EXPECT_EQ(w.report().commit(), 2u) << "and votes on";
}

} // namespace
} // namespace troupe::replica
