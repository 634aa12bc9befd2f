// A table in an archive in a directory, written as archivers would: for the commands that read tables out of
// it.
#pragma once
#include "actors/core/archive/names.h"
#include "actors/core/item/value.h"
#include "config/settings.h"
#include "storage/archive/open.h"
#include "storage/archive/segment.h"
#include "tests/unit/history/archived.h"
#include "tests/unit/storage/fixtures.h"
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace troupe::commands {

// One partition's log.
class archived_partition {
public:
  archived_partition(const archive::place& whose, std::string from, std::string to)
      : whose_(whose), from_(std::move(from)), to_(std::move(to)), chain_(whose.group) {}

  // A command that puts an item whose only attribute is this id.
  void write(const std::string& id, std::int64_t time_ms) {
    msg::AttributeMap item;
    auto& attribute = *item.add_attributes();
    attribute.set_name("id");
    attribute.mutable_value()->set_s(id);
    msg::Command command;
    command.set_time_ms(time_ms);
    auto& effect = *command.add_effects();
    effect.set_key(id);
    effect.set_item(item::serialize(item));
    log_.push_back(*chain_.next(command.SerializeAsString()));
  }

  std::uint64_t last() const { return chain_.last(); }
  std::string name(std::uint64_t first, std::uint64_t up_to) const {
    return archive::segment_name(archive::folder_of(whose_), {first, up_to, 0});
  }

  // Entries `first` to `last`, in one segment.
  void archive(const config::archive_settings& where, std::uint64_t first, std::uint64_t up_to) const {
    auto about = testing::about(whose_);
    about.set_from(from_);
    about.set_to(to_);
    auto bytes = storage::write_segment(about, {log_.begin() + static_cast<std::ptrdiff_t>(first) - 1,
                                                log_.begin() + static_cast<std::ptrdiff_t>(up_to)});
    ASSERT_TRUE(bytes) << bytes.error().text;
    auto store = storage::open_archive(where, storage::archive_use::make);
    ASSERT_TRUE(store) << store.error().text;
    ASSERT_TRUE((*store)->put(name(first, up_to), *bytes));
  }

private:
  archive::place whose_;
  std::string from_;
  std::string to_;
  testing::chain chain_;
  std::vector<msg::Entry> log_;
};

} // namespace troupe::commands
