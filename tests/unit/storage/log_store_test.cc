// The log as its users see it while nothing goes wrong.
#include "storage/log_store.h"
#include "tests/unit/storage/fixtures.h"

namespace troupe::testing {
namespace {

using storage::code;
using storage::log_verdict;
using storage::log_write;

class log_store_test : public ::testing::Test {
protected:
  temporary_directory dir;
  std::string path = dir.file("log.db");
  std::unique_ptr<storage::log_store> log = open_log(path);

  void reopen() {
    log.reset();
    log = open_log(path);
  }
  storage::loaded_log loaded(std::uint64_t group) {
    auto found = log->load(group);
    EXPECT_TRUE(done(found));
    return found ? *found : storage::loaded_log{};
  }
};

TEST_F(log_store_test, what_was_appended_is_loaded_by_the_next_process) {
  chain seven(7), nine(9);
  auto a = seven.some(3), b = nine.some(2);
  auto first = create_group(7), second = create_group(9);
  first.entries = a;
  first.hard_state = hard_state(5, 2);
  second.entries = b;
  ASSERT_TRUE(done(log->append({first, second})));
  auto more = seven.some(2);
  ASSERT_TRUE(done(log->append({write_of(7, more)})));

  for (int round = 0; round < 2; ++round) { // as it stands, and read back from the file
    auto got = loaded(7);
    EXPECT_EQ(got.verdict, log_verdict::whole) << got.what;
    EXPECT_EQ(got.hard_state.promised().round(), 5u);
    EXPECT_EQ(got.hard_state.commit(), 2u);
    EXPECT_EQ(got.mark, 5u);
    entries all = a;
    all.insert(all.end(), more.begin(), more.end());
    EXPECT_TRUE(same(got.entries, all));
    EXPECT_TRUE(same(loaded(9).entries, b));
    EXPECT_EQ(log->list_groups(), (std::vector<std::uint64_t>{7, 9}));
    EXPECT_EQ(log->last_index(7), 5u);
    reopen();
  }
}

TEST_F(log_store_test, a_group_must_be_made_once_and_before_it_is_written) {
  chain c(1);
  EXPECT_TRUE(failed_as(log->append({write_of(1, c.some(1))}), code::missing));
  EXPECT_TRUE(failed_as(log->load(1), code::missing));
  EXPECT_FALSE(log->holds(1));
  ASSERT_TRUE(done(log->append({create_group(1)})));
  EXPECT_TRUE(log->holds(1));
  EXPECT_TRUE(failed_as(log->append({create_group(1)}), code::refused));
}

TEST_F(log_store_test, a_refused_write_takes_the_whole_batch_with_it) {
  ASSERT_TRUE(done(log->append({create_group(1)})));
  chain c(1), stranger(2);
  auto list = c.some(2);
  EXPECT_TRUE(failed_as(log->append({write_of(1, list), write_of(2, stranger.some(1))}), code::missing));
  EXPECT_EQ(log->last_index(1), 0u);
  ASSERT_TRUE(done(log->append({write_of(1, list)})));
  reopen();
  EXPECT_TRUE(same(loaded(1).entries, list));
}

TEST_F(log_store_test, an_entry_replaces_what_is_at_its_index_and_nothing_above) {
  ASSERT_TRUE(done(log->append({create_group(1)})));
  chain old(1);
  auto first = old.some(6, 0, 1);
  ASSERT_TRUE(done(log->append({write_of(1, first)})));
  chain newer(1, 2, first[1]->link()); // another leader had something else at 3 and 4
  auto second = newer.some(2, 0, 2);
  ASSERT_TRUE(done(log->append({write_of(1, second)})));
  entries wanted{first[0], first[1], second[0], second[1], first[4], first[5]};
  EXPECT_TRUE(same(loaded(1).entries, wanted));
  reopen();
  auto got = loaded(1);
  EXPECT_EQ(got.verdict, log_verdict::whole) << got.what;
  EXPECT_TRUE(same(got.entries, wanted));
  EXPECT_EQ(got.mark, 6u);
}

TEST_F(log_store_test, truncation_keeps_the_link_and_ballot_to_go_on_from) {
  ASSERT_TRUE(done(log->append({create_group(1)})));
  chain c(1);
  auto list = c.some(10, 0, 3);
  ASSERT_TRUE(done(log->append({write_of(1, list)})));
  ASSERT_TRUE(done(log->truncate(1, 4)));
  ASSERT_TRUE(done(log->truncate(1, 2))); // further back: nothing to do
  EXPECT_TRUE(failed_as(log->truncate(1, 11), code::refused));
  for (int round = 0; round < 2; ++round) {
    auto got = loaded(1);
    EXPECT_EQ(got.verdict, log_verdict::whole) << got.what;
    EXPECT_EQ(got.base.index, 4u);
    EXPECT_EQ(got.base.link, list[3]->link());
    EXPECT_EQ(got.base.ballot.round(), 3u);
    EXPECT_TRUE(same(got.entries, entries(list.begin() + 4, list.end())));
    EXPECT_TRUE(failed_as(log->read(1, 4, 10, 1000), code::missing));
    reopen();
  }
  ASSERT_TRUE(done(log->truncate(1, 10))); // all of it
  auto more = c.some(1);
  ASSERT_TRUE(done(log->append({write_of(1, more)})));
  reopen();
  auto got = loaded(1);
  EXPECT_EQ(got.base.index, 10u);
  EXPECT_TRUE(same(got.entries, more));
}

TEST_F(log_store_test, one_write_may_append_and_truncate_what_it_appends) {
  auto w = create_group(1);
  chain c(1);
  w.entries = c.some(8);
  w.truncate_up_to = 5;
  ASSERT_TRUE(done(log->append({w})));
  reopen();
  auto got = loaded(1);
  EXPECT_EQ(got.base.index, 5u);
  EXPECT_EQ(got.base.link, w.entries[4]->link());
  EXPECT_TRUE(same(got.entries, entries(w.entries.begin() + 5, w.entries.end())));
}

TEST_F(log_store_test, a_reset_forgets_the_log_and_goes_on_from_the_snapshot) {
  ASSERT_TRUE(done(log->append({create_group(1)})));
  chain c(1);
  ASSERT_TRUE(done(log->append({write_of(1, c.some(5))})));
  log_write w;
  w.group = 1;
  w.reset = storage::log_base{100, 4711, ballot(9)};
  w.hard_state = hard_state(9, 100);
  chain after(1, 100, 4711);
  w.entries = after.some(2, 0, 9);
  ASSERT_TRUE(done(log->append({w})));
  for (int round = 0; round < 2; ++round) {
    auto got = loaded(1);
    EXPECT_EQ(got.verdict, log_verdict::whole) << got.what;
    EXPECT_EQ(got.base.index, 100u);
    EXPECT_EQ(got.base.link, 4711u);
    EXPECT_EQ(got.mark, 102u);
    EXPECT_TRUE(same(got.entries, w.entries));
    reopen();
  }
}

TEST_F(log_store_test, a_batch_may_name_a_group_more_than_once) {
  chain c(1);
  auto w1 = create_group(1);
  w1.entries = c.some(4);
  auto w2 = write_of(1, c.some(4));
  log_write w3;
  w3.group = 1;
  w3.truncate_up_to = 6;
  ASSERT_TRUE(done(log->append({w1, w2, w3})));
  reopen();
  EXPECT_EQ(loaded(1).base.index, 6u);
  EXPECT_EQ(loaded(1).base.link, w2.entries[1]->link());
  EXPECT_TRUE(same(loaded(1).entries, entries(w2.entries.begin() + 2, w2.entries.end())));

  chain after(1, 50, 5);
  auto more = write_of(1, c.some(2));
  log_write reset;
  reset.group = 1;
  reset.reset = storage::log_base{50, 5, ballot(2)};
  auto last = write_of(1, after.some(1));
  ASSERT_TRUE(done(log->append({more, reset, last})));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(loaded(1).base.index, 50u);
    EXPECT_TRUE(same(loaded(1).entries, last.entries));
    reopen();
  }
}

TEST_F(log_store_test, a_removed_group_leaves_nothing_to_one_of_the_same_number) {
  chain c(1);
  auto w = create_group(1);
  w.entries = c.some(5);
  ASSERT_TRUE(done(log->append({w, create_group(2)})));
  ASSERT_TRUE(done(log->remove_group(1)));
  ASSERT_TRUE(done(log->remove_group(1)));
  EXPECT_FALSE(log->holds(1));
  ASSERT_TRUE(done(log->append({create_group(1)})));
  EXPECT_TRUE(loaded(1).entries.empty());
  reopen(); // the old runs may still be there
  auto got = loaded(1);
  EXPECT_EQ(got.verdict, log_verdict::whole) << got.what;
  EXPECT_TRUE(got.entries.empty());
  EXPECT_EQ(got.mark, 0u);
}

TEST_F(log_store_test, reading_stops_at_the_bytes_asked_for_but_not_before_one_entry) {
  ASSERT_TRUE(done(log->append({create_group(1)})));
  chain c(1);
  auto list = c.some(10, 100);
  for (const auto& e : list)
    ASSERT_TRUE(done(log->append({write_of(1, {e})})));
  auto one = log->read(1, 3, 10, 1);
  ASSERT_TRUE(done(one));
  EXPECT_TRUE(same(*one, {list[2]}));
  auto some = log->read(1, 3, 10, 250);
  ASSERT_TRUE(done(some));
  EXPECT_TRUE(same(*some, {list[2], list[3]}));
  auto bounded = log->read(1, 9, 9, 10'000);
  ASSERT_TRUE(done(bounded));
  EXPECT_TRUE(same(*bounded, {list[8]}));
  auto past = log->read(1, 11, 20, 10'000);
  ASSERT_TRUE(done(past));
  EXPECT_TRUE(past->empty());
}

TEST_F(log_store_test, long_appends_are_cut_into_runs_that_read_as_one) {
  ASSERT_TRUE(done(log->append({create_group(1)})));
  chain c(1);
  auto list = c.some(40, 50'000);
  list.push_back(c.next(std::string(2'000'000, 'z')));
  ASSERT_TRUE(done(log->append({write_of(1, list)})));
  EXPECT_GT(log->stats().runs, 5u);
  reopen();
  EXPECT_TRUE(same(loaded(1).entries, list));
  auto part = log->read(1, 20, 30, 10'000'000);
  ASSERT_TRUE(done(part));
  EXPECT_TRUE(same(*part, entries(list.begin() + 19, list.begin() + 30)));
}

TEST_F(log_store_test, housekeeping_gives_back_the_room_of_what_was_truncated) {
  storage::log_options small;
  small.checkpoint_bytes = 256 * 1024;
  log.reset();
  log = open_log(path, small);
  ASSERT_TRUE(done(log->append({create_group(1)})));
  chain c(1);
  std::uint64_t largest = 0;
  for (int round = 0; round < 60; ++round) {
    ASSERT_TRUE(done(log->append({write_of(1, c.some(50, 1000))})));
    ASSERT_TRUE(done(log->truncate(1, c.last() - 10)));
    for (bool more = log->maintenance_due(); more;) {
      auto left = log->maintain();
      ASSERT_TRUE(done(left));
      more = *left;
    }
    largest = std::max(largest, log->stats().file_bytes + log->stats().wal_bytes);
  }
  EXPECT_LT(largest, 2u << 20) << "3 MB went through it";
  EXPECT_GT(log->stats().checkpoints, 5u);
  EXPECT_EQ(log->stats().entries, 10u);
  reopen();
  EXPECT_EQ(loaded(1).entries.size(), 10u);
}

TEST_F(log_store_test, a_second_opener_is_told_that_the_file_is_taken) {
  EXPECT_TRUE(failed_as(storage::log_store::open(path), code::busy));
}

TEST_F(log_store_test, a_file_of_another_kind_is_refused) {
  log.reset();
  write_bytes(path, std::string(10'000, 'x'));
  EXPECT_TRUE(failed_as(storage::log_store::open(path), code::corrupt));
}

using log_store_death = log_store_test;

TEST_F(log_store_death, wrong_links_and_holes_are_broken_invariants) {
  ASSERT_TRUE(done(log->append({create_group(1)})));
  chain c(1);
  auto list = c.some(3);
  auto wrong = std::make_shared<msg::Entry>(*list[0]);
  wrong->set_payload("something else");
  EXPECT_DEATH((void)log->append({write_of(1, {wrong})}), "a wrong link");
  EXPECT_DEATH((void)log->append({write_of(1, {list[1]})}), "a hole");
  EXPECT_DEATH((void)log->append({write_of(1, {list[0], list[2]})}), "not consecutive");
}

// Two groups append in turns. What one of them forgets lies between what the other keeps, and goes when that
// is forgotten too, in a few pages' writes.
TEST_F(log_store_test, dead_runs_go_when_their_neighbours_are_dead_as_well) {
  ASSERT_TRUE(done(log->append({create_group(1), create_group(2)})));
  chain one(1), two(2);
  for (int i = 0; i < 400; ++i)
    ASSERT_TRUE(done(log->append({write_of(1, one.some(1, 1100)), write_of(2, two.some(1, 1100))})));
  ASSERT_TRUE(done(log->truncate(1, 400)));
  ASSERT_TRUE(done(log->append({write_of(1, one.some(1))})));
  EXPECT_EQ(log->stats().garbage_runs, 400u) << "each between two live ones";
  EXPECT_FALSE(log->maintenance_due());
  ASSERT_TRUE(done(log->truncate(2, 400)));
  auto wal_before = log->stats().wal_bytes;
  ASSERT_TRUE(done(log->append({write_of(2, two.some(1))})));
  EXPECT_EQ(log->stats().garbage_runs, 0u);
  EXPECT_LT(log->stats().wal_bytes - wal_before, 700'000u) << "of 900 kB that were let go";
  reopen();
  EXPECT_EQ(loaded(1).entries.size(), 1u);
  EXPECT_EQ(loaded(2).entries.size(), 1u);
}

TEST_F(log_store_test, scattered_dead_runs_go_many_with_one_sync_when_they_must) {
  ASSERT_TRUE(done(log->append({create_group(1), create_group(2)})));
  chain one(1), two(2);
  for (int i = 0; i < 400; ++i)
    ASSERT_TRUE(done(log->append({write_of(1, one.some(1, 1100)), write_of(2, two.some(1, 1100))})));
  ASSERT_TRUE(done(log->truncate(1, 400)));
  auto syncs = log->stats().syncs;
  ASSERT_TRUE(done(log->maintain()));
  EXPECT_EQ(log->stats().garbage_runs, 0u);
  EXPECT_EQ(log->stats().syncs, syncs + 1);
  reopen();
  EXPECT_EQ(loaded(2).entries.size(), 400u);
}

} // namespace
} // namespace troupe::testing
