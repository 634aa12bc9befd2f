// A replica's items carried to another member: written while writes go on, sent in pieces, verified, put in
// place.
#include "config/limits.h"
#include "storage/files.h"
#include "storage/snapshot.h"
#include "tests/unit/storage/item_fixtures.h"
#include <random>
#include <sys/wait.h>

namespace troupe::testing {
namespace {

using storage::code;

class snapshot_test : public ::testing::Test {
protected:
  temporary_directory dir;
  std::unique_ptr<storage::item_store> source = open_items(dir.file("source.db"));
  std::string path = dir.file("1-50.snapshot");
  std::string target = dir.file("target.db");
  std::map<std::string, std::string> wanted;

  void SetUp() override {
    change_list changes;
    for (int i = 0; i < 600; ++i) {
      std::string key = "key" + std::to_string(1000 + i);
      wanted[key] = std::string(static_cast<std::size_t>(i * 7 % 3000), static_cast<char>('a' + i % 26));
      changes.put(key, wanted[key]);
    }
    auto batch = changes.at(50, 4711);
    batch.position.ballot = ballot(6, 2);
    batch.position.configuration.set_epoch(4);
    batch.position.configuration.add_members()->set_id(11);
    batch.position.configuration_index = 44;
    batch.position.time_ms = 99'000;
    auto& request = batch.requests.emplace_back();
    request.mutable_id()->set_client(1);
    request.mutable_id()->set_sequence(2);
    request.set_index(49);
    request.set_time_ms(98'000);
    ASSERT_TRUE(done(source->apply(batch)));
  }

  void write_snapshot() {
    auto writer = storage::snapshot_writer::begin(*source, path);
    ASSERT_TRUE(done(writer));
    for (;;) {
      auto finished = (*writer)->step(100'000);
      ASSERT_TRUE(done(finished));
      if (*finished)
        break;
    }
    ASSERT_EQ((*writer)->header().digest(), source->digest().value());
  }

  storage::install_options for_member(std::uint64_t member) {
    storage::install_options o;
    o.group = 1;
    o.member = member;
    return o;
  }
  static std::map<std::string, std::string> all(storage::item_store& store) {
    auto page = store.scan("", "", false, 1'000'000, 1u << 30);
    EXPECT_TRUE(done(page));
    return {page->records.begin(), page->records.end()};
  }
};

TEST_F(snapshot_test, a_new_member_gets_all_of_it) {
  write_snapshot();
  auto how = for_member(12);
  how.size_of = length_of_value;
  auto installed = storage::install_snapshot(path, target, how);
  ASSERT_TRUE(done(installed));
  EXPECT_EQ(installed->index, 50u);
  auto counting = item_options_of(1, 12);
  counting.size_of = length_of_value;
  auto store = open_items(target, counting);
  EXPECT_EQ(all(*store), wanted);
  std::uint64_t sizes = 0;
  for (const auto& [key, value] : wanted)
    sizes += value.size();
  EXPECT_EQ(store->stats().sizes, sizes);
  EXPECT_TRUE(done(store->integrity_check()));
  EXPECT_EQ(store->applied().index, 50u);
  EXPECT_EQ(store->applied().link, 4711u);
  EXPECT_EQ(store->applied().ballot.round(), 6u);
  EXPECT_EQ(store->applied().configuration.members(0).id(), 11u);
  EXPECT_EQ(store->applied().configuration_index, 44u);
  EXPECT_EQ(store->applied().time_ms, 99'000);
  EXPECT_EQ(store->durable_applied(), 50u);
  EXPECT_EQ(store->digest().value(), source->digest().value());
  ASSERT_EQ(store->requests()->size(), 1u);
  EXPECT_EQ(store->requests()->front().index(), 49u);
  EXPECT_TRUE(done(store->integrity_check()));
  change_list more;
  EXPECT_TRUE(done(store->apply(more.put("next", "1").at(51))));
}

TEST_F(snapshot_test, what_is_made_from_it_is_a_copy_of_another_lineage) {
  const auto first = source->lineage();
  EXPECT_NE(first, 0u);
  change_list more;
  ASSERT_TRUE(done(source->apply(more.put("next", "1").at(51))));
  EXPECT_EQ(source->lineage(), first) << "changes go on with it";
  write_snapshot();
  source.reset();
  source = open_items(dir.file("source.db"));
  EXPECT_EQ(source->lineage(), first) << "and so does a restart";
  ASSERT_TRUE(done(storage::install_snapshot(path, target, for_member(12))));
  auto copy = open_items(target, item_options_of(1, 12));
  const auto second = copy->lineage();
  EXPECT_NE(second, 0u);
  EXPECT_NE(second, first);
  copy.reset();
  ASSERT_TRUE(done(source->apply(more.put("next", "2").at(60))));
  write_snapshot();
  ASSERT_TRUE(done(storage::install_snapshot(path, target, for_member(12))));
  copy = open_items(target, item_options_of(1, 12));
  EXPECT_NE(copy->lineage(), 0u);
  EXPECT_NE(copy->lineage(), second) << "it had fallen behind, and begins anew";
  EXPECT_NE(copy->lineage(), first);
}

TEST_F(snapshot_test, writes_during_the_snapshot_are_not_in_it) {
  auto writer = storage::snapshot_writer::begin(*source, path);
  ASSERT_TRUE(done(writer));
  std::mt19937_64 random(2);
  std::uint64_t index = 50;
  for (bool finished = false; !finished;) {
    change_list c;
    c.put("key" + std::to_string(1000 + random() % 700), "changed")
        .remove("key" + std::to_string(1000 + random() % 700));
    auto batch = c.at(++index);
    batch.position.configuration_index = 50; // moves on, too
    ASSERT_TRUE(done(source->apply(batch)));
    auto step = (*writer)->step(1);
    ASSERT_TRUE(done(step));
    finished = *step;
  }
  EXPECT_GT(index, 55u);
  ASSERT_TRUE(done(storage::install_snapshot(path, target, for_member(12))));
  auto store = open_items(target, item_options_of(1, 12));
  EXPECT_EQ(store->applied().index, 50u);
  EXPECT_EQ(store->applied().configuration_index, 44u);
  EXPECT_EQ(all(*store), wanted);
}

TEST_F(snapshot_test, an_unfinished_snapshot_leaves_nothing_and_frees_the_store) {
  {
    auto writer = storage::snapshot_writer::begin(*source, path);
    ASSERT_TRUE(done(writer));
    ASSERT_TRUE(done((*writer)->step(1)));
    EXPECT_TRUE(failed_as(storage::snapshot_writer::begin(*source, dir.file("second")), code::busy));
    EXPECT_TRUE(storage::exists(path + ".part"));
  }
  EXPECT_FALSE(storage::exists(path + ".part"));
  EXPECT_FALSE(storage::exists(path));
  write_snapshot();
}

TEST_F(snapshot_test, an_empty_store_has_a_snapshot_too) {
  source = open_items(dir.file("empty.db"));
  write_snapshot();
  ASSERT_TRUE(done(storage::install_snapshot(path, target, for_member(12))));
  auto store = open_items(target, item_options_of(1, 12));
  EXPECT_EQ(store->stats().items, 0u);
  EXPECT_EQ(store->applied().index, 0u);
}

TEST_F(snapshot_test, it_travels_in_pieces_and_bad_ones_are_asked_for_again) {
  write_snapshot();
  auto reader = storage::snapshot_reader::open(path);
  ASSERT_TRUE(done(reader));
  ASSERT_GT((*reader)->file_bytes(), 2 * limits::snapshot_chunk_bytes);
  std::string received = dir.file("received.snapshot");
  auto receiver = storage::snapshot_receiver::create(received);
  ASSERT_TRUE(done(receiver));
  for (bool whole = false; !whole;) {
    std::uint64_t wanted_piece = (*receiver)->wanted();
    auto piece = (*reader)->piece(wanted_piece);
    ASSERT_TRUE(done(piece));
    auto damaged = *piece;
    (*damaged.mutable_data())[damaged.data().size() / 2] ^= 1;
    EXPECT_TRUE(failed_as((*receiver)->add(damaged), code::corrupt));
    EXPECT_EQ(piece->header().index(), 50u);
    EXPECT_EQ(piece->header().digest(), (*reader)->header().digest());
    EXPECT_EQ(piece->header().bytes(), (*reader)->header().bytes());
    EXPECT_EQ(piece->header().requests_size(), wanted_piece == 0 ? (*reader)->header().requests_size() : 0);
    if (wanted_piece > 0) {
      auto again = (*reader)->piece(wanted_piece - 1);
      auto ignored = (*receiver)->add(*again);
      ASSERT_TRUE(done(ignored));
      EXPECT_FALSE(*ignored);
      auto stranger = *piece;
      stranger.mutable_header()->set_index(51);
      EXPECT_TRUE(failed_as((*receiver)->add(stranger), code::refused));
    }
    EXPECT_EQ((*receiver)->wanted(), wanted_piece);
    EXPECT_FALSE(storage::exists(received));
    auto added = (*receiver)->add(*piece);
    ASSERT_TRUE(done(added));
    whole = *added;
  }
  EXPECT_TRUE(failed_as((*reader)->piece((*receiver)->wanted()), code::missing));
  EXPECT_EQ(read_bytes(received), read_bytes(path));
}

TEST_F(snapshot_test, pieces_that_are_sound_but_do_not_fit_together_are_refused_at_the_end) {
  write_snapshot();
  auto reader = storage::snapshot_reader::open(path);
  ASSERT_TRUE(done(reader));
  std::string received = dir.file("received.snapshot");
  auto receiver = storage::snapshot_receiver::create(received);
  ASSERT_TRUE(done(receiver));
  for (;;) {
    auto piece = (*reader)->piece((*receiver)->wanted());
    ASSERT_TRUE(done(piece));
    if (piece->chunk() == 1) // damaged before its checksum was taken: the sender's memory
      *piece->mutable_data() = (*reader)->piece(0)->data();
    if (piece->chunk() == 1)
      piece->set_checksum((*reader)->piece(0)->checksum());
    auto added = (*receiver)->add(*piece);
    ASSERT_TRUE(done(added));
    if (*added)
      break;
  }
  EXPECT_TRUE(failed_as(storage::install_snapshot(received, target, for_member(12)), code::corrupt));
  EXPECT_FALSE(storage::exists(target));
}

// A receiver that is there no more leaves what a killed process leaves.
TEST_F(snapshot_test, pieces_that_came_before_a_crash_are_not_fetched_again) {
  write_snapshot();
  auto reader = storage::snapshot_reader::open(path);
  ASSERT_TRUE(done(reader));
  std::string received = dir.file("received.snapshot");
  EXPECT_TRUE(failed_as(storage::snapshot_receiver::resume(received), code::missing));
  {
    auto receiver = storage::snapshot_receiver::create(received);
    ASSERT_TRUE(done(receiver));
    for (std::uint64_t i = 0; i < 2; ++i)
      ASSERT_TRUE(done((*receiver)->add(*(*reader)->piece(i))));
  }
  auto receiver = storage::snapshot_receiver::resume(received);
  ASSERT_TRUE(done(receiver));
  EXPECT_EQ((*receiver)->snapshot(), (*reader)->file_sum());
  EXPECT_EQ((*receiver)->index(), (*reader)->header().index());
  auto first = (*receiver)->recheck(1);
  ASSERT_TRUE(done(first));
  EXPECT_FALSE(*first) << "a piece at a time, behind other work";
  auto second = (*receiver)->recheck(1);
  ASSERT_TRUE(done(second));
  EXPECT_TRUE(*second);
  EXPECT_EQ((*receiver)->wanted(), 2u);
  for (bool whole = false; !whole;) {
    auto added = (*receiver)->add(*(*reader)->piece((*receiver)->wanted()));
    ASSERT_TRUE(done(added));
    whole = *added;
  }
  EXPECT_EQ(read_bytes(received), read_bytes(path));
  EXPECT_TRUE(failed_as(storage::snapshot_receiver::resume(received), code::missing)) << "it is whole";
}

TEST_F(snapshot_test, pieces_that_a_crash_left_and_are_not_what_came_are_fetched_again) {
  write_snapshot();
  auto reader = storage::snapshot_reader::open(path);
  ASSERT_TRUE(done(reader));
  std::string received = dir.file("received.snapshot");
  auto leave_two = [&] {
    auto receiver = storage::snapshot_receiver::create(received);
    ASSERT_TRUE(done(receiver));
    for (std::uint64_t i = 0; i < 2; ++i)
      ASSERT_TRUE(done((*receiver)->add(*(*reader)->piece(i))));
  };
  auto found_after = [&](const std::function<void()>& damage) -> std::uint64_t {
    leave_two();
    damage();
    auto receiver = storage::snapshot_receiver::resume(received);
    if (!receiver)
      return 99;
    for (;;) {
      auto all = (*receiver)->recheck(SIZE_MAX);
      EXPECT_TRUE(done(all));
      if (!all || *all)
        break;
    }
    auto found = (*receiver)->wanted();
    for (bool whole = false; !whole;) {
      auto added = (*receiver)->add(*(*reader)->piece((*receiver)->wanted()));
      EXPECT_TRUE(done(added));
      if (!added)
        return 99;
      whole = *added;
    }
    EXPECT_EQ(read_bytes(received), read_bytes(path));
    return found;
  };
  const std::string part = received + ".part", marks = received + ".pieces.part";
  EXPECT_EQ(found_after([] {}), 2u);
  EXPECT_EQ(found_after([&] {
              auto bytes = read_bytes(part);
              bytes[limits::snapshot_chunk_bytes + 7] ^= 1;
              write_bytes(part, bytes);
            }),
            1u)
      << "the second one is damaged";
  EXPECT_EQ(found_after(
                [&] { write_bytes(part, read_bytes(part).substr(0, limits::snapshot_chunk_bytes * 3 / 2)); }),
            1u)
      << "the last one was not written to its end";
  EXPECT_EQ(
      found_after([&] { write_bytes(marks, read_bytes(marks).substr(0, read_bytes(marks).size() - 3)); }), 1u)
      << "nor the last checksum";
  leave_two();
  auto bytes = read_bytes(marks);
  bytes[20] ^= 1;
  write_bytes(marks, bytes);
  EXPECT_TRUE(failed_as(storage::snapshot_receiver::resume(received), code::missing))
      << "nobody knows what these pieces are of";
}

TEST_F(snapshot_test, it_is_installed_in_steps_while_the_old_file_is_in_use) {
  write_snapshot();
  auto work = storage::snapshot_installer::begin(path, target, for_member(12));
  ASSERT_TRUE(done(work));
  {
    auto old = open_items(target, item_options_of(1, 12));
    int steps = 0;
    for (bool all = false; !all; ++steps) {
      auto step = (*work)->step(1);
      ASSERT_TRUE(done(step));
      all = *step;
      EXPECT_EQ(old->stats().items, 0u);
    }
    EXPECT_GT(steps, 10);
  }
  ASSERT_TRUE(done((*work)->finish()));
  auto store = open_items(target, item_options_of(1, 12));
  EXPECT_EQ(store->applied().index, 50u);
}

TEST_F(snapshot_test, an_install_that_is_given_up_leaves_nothing) {
  write_snapshot();
  for (int steps : {1, 5}) {
    auto work = storage::snapshot_installer::begin(path, target, for_member(12));
    ASSERT_TRUE(done(work));
    for (int i = 0; i < steps; ++i)
      ASSERT_TRUE(done((*work)->step(64 * 1024)));
    work->reset();
    EXPECT_FALSE(storage::exists(target));
    EXPECT_FALSE(storage::exists(path + ".db.part"));
  }
}

TEST_F(snapshot_test, any_flipped_byte_is_refused) {
  write_snapshot();
  const std::string sound = read_bytes(path);
  for (std::size_t at = 0; at < sound.size(); at += 1 + sound.size() / 331) {
    std::string flipped = sound;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    write_bytes(path, flipped);
    auto reader = storage::snapshot_reader::open(path);
    bool refused = !reader || !(*reader)->verify();
    ASSERT_TRUE(refused) << "byte " << at;
    ASSERT_FALSE(storage::install_snapshot(path, target, for_member(12)).ok()) << "byte " << at;
    ASSERT_FALSE(storage::exists(target));
  }
  for (std::size_t size : {std::size_t{0}, std::size_t{20}, sound.size() / 2, sound.size() - 1}) {
    write_bytes(path, sound.substr(0, size));
    EXPECT_FALSE(storage::install_snapshot(path, target, for_member(12)).ok()) << size << " bytes";
  }
}

TEST_F(snapshot_test, an_install_never_takes_a_replica_back) {
  write_snapshot();
  {
    auto store = open_items(target, item_options_of(1, 12));
    change_list c;
    ASSERT_TRUE(done(store->apply(c.put("old", "1").at(49))));
  }
  auto stranger = for_member(13);
  EXPECT_TRUE(failed_as(storage::install_snapshot(path, target, stranger), code::refused));
  auto other_group = for_member(12);
  other_group.group = 2;
  EXPECT_TRUE(failed_as(storage::install_snapshot(path, target, other_group), code::refused));
  {
    auto store = open_items(target, item_options_of(1, 12));
    EXPECT_TRUE(failed_as(storage::install_snapshot(path, target, for_member(12)), code::busy));
  }
  ASSERT_TRUE(done(storage::install_snapshot(path, target, for_member(12))));
  EXPECT_TRUE(failed_as(storage::install_snapshot(path, target, for_member(12)), code::refused))
      << "at its index";
  auto store = open_items(target, item_options_of(1, 12));
  EXPECT_EQ(all(*store), wanted);
}

TEST_F(snapshot_test, what_lay_in_the_old_files_wal_does_not_come_back) {
  write_snapshot();
  {
    auto store = open_items(target, item_options_of(1, 12));
    change_list c;
    ASSERT_TRUE(done(store->apply(c.put("old", "1").at(10))));
    // As a crash leaves it: part of it only in the WAL.
    write_bytes(dir.file("crashed.db"), read_bytes(target));
    write_bytes(dir.file("crashed.db-wal"), read_bytes(target + "-wal"));
  }
  ASSERT_TRUE(done(storage::install_snapshot(path, dir.file("crashed.db"), for_member(12))));
  auto store = open_items(dir.file("crashed.db"), item_options_of(1, 12));
  EXPECT_EQ(all(*store), wanted);
  EXPECT_TRUE(done(store->integrity_check()));
}

TEST_F(snapshot_test, a_damaged_item_file_is_replaced_only_when_told_so) {
  write_snapshot();
  write_bytes(target, std::string(50'000, '?'));
  EXPECT_TRUE(failed_as(storage::install_snapshot(path, target, for_member(12)), code::corrupt));
  auto options = for_member(12);
  options.replace_damaged = true;
  ASSERT_TRUE(done(storage::install_snapshot(path, target, options)));
  auto store = open_items(target, item_options_of(1, 12));
  EXPECT_EQ(all(*store), wanted);
}

TEST_F(snapshot_test, a_process_killed_while_installing_leaves_the_old_file_or_the_new_one) {
  write_snapshot();
  int olds = 0;
  int news = 0;
  // From "hardly begun" to "done": the delays only decide which of the two is seen, never whether it is
  // right.
  for (int delay_us = 0; delay_us < 60'000 && (olds == 0 || news < 3); delay_us += 700) {
    for (const char* tail : {"", "-wal", ".part"})
      std::filesystem::remove(target + tail);
    {
      auto store = open_items(target, item_options_of(1, 12));
      change_list c;
      ASSERT_TRUE(done(store->apply(c.put("old", "1").at(10))));
    }
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      (void)storage::install_snapshot(path, target, for_member(12));
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(delay_us));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    auto store = open_items(target, item_options_of(1, 12));
    ASSERT_TRUE(store);
    EXPECT_FALSE(storage::exists(target + ".part"));
    if (store->applied().index == 50u) {
      ++news;
      EXPECT_EQ(all(*store), wanted);
    } else {
      ++olds;
      EXPECT_EQ(store->applied().index, 10u);
      EXPECT_EQ(store->get("old").value(), std::optional<std::string>("1"));
    }
  }
  EXPECT_GT(olds + news, 0);
}

} // namespace
} // namespace troupe::testing
