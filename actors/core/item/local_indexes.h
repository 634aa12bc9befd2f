// Local secondary indexes: which entries an item has, what they show of it, and what may be in their keys.
//
// An item has an entry in an index when it has the index's sort key. Entries are never told to anybody:
// whoever holds the item makes them from it, by this file, so that equal items have equal entries on every
// replica. docs/decisions/008-local-secondary-indexes.md.
//
// Items are canonical serialized bytes here, keys are encoded. An index is known by its number: its place in
// the table's list, from 1.
//
// Thread: values, share them as you like once made. Errors: refusals in DynamoDB's words.
#pragma once
#include "actors/core/item/result.h"
#include "messages/table_options.pb.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::item {

using index_list = google::protobuf::RepeatedPtrField<msg::TableOptions::LocalIndex>;

// What an index has of an item: nothing stands for all of it.
class index_projection {
public:
  index_projection(const msg::KeySchema& table, const msg::TableOptions::LocalIndex& index);

  bool all() const { return all_; }
  bool has(std::string_view attribute) const;
  // The part of the item that is projected; nothing when the bytes are not an item.
  std::optional<std::string> apply(std::string_view item) const;

private:
  bool all_;
  std::vector<std::string> names_; // ascending; unless all
};

struct index_entry {
  std::uint32_t index = 0;
  std::string key;                      // index_key.h
  std::optional<std::string> projected; // serialized AttributeMap; nothing: all of the item
};

class local_indexes {
public:
  // Null when there are none.
  static std::shared_ptr<const local_indexes> make(msg::LocalIndexes from);

  std::size_t size() const { return static_cast<std::size_t>(from_.indexes_size()); }

  // Appends the item's entries, ascending by index. False when the key or the bytes are not an item's.
  bool entries(std::string_view key, std::string_view item, std::vector<index_entry>& out) const;

  const index_projection& projection(std::uint32_t index) const { return projections_.at(index - 1); }

  // The key of the item of an entry; empty when it is not the key of an entry of that index.
  std::string item_key(std::uint32_t index, std::string_view entry) const;

  // Write capacity units for each index, when `after` takes the place of `before` under the key: one write
  // for an entry that comes, goes or shows something else, two for one that moves, each by the size of what
  // is projected (Developer Guide, "Local secondary indexes: write capacity units"). Nothing when either is
  // not an item.
  std::optional<std::vector<std::uint32_t>> write_units(std::string_view key,
                                                        std::optional<std::string_view> before,
                                                        std::optional<std::string_view> after) const;

private:
  explicit local_indexes(msg::LocalIndexes from);

  msg::LocalIndexes from_;
  std::vector<index_projection> projections_;
};

// The number of the index of that name; 0 when there is none.
std::uint32_t index_number(const index_list& indexes, std::string_view name);

// Refuses an item that has an index's sort key with a value that cannot be one. Of several indexes the first
// by name is blamed, for types before all else.
verdict check_index_keys(const index_list& indexes, std::string_view item);
// The same of an item that an update has made, in the words of updates.
verdict check_updated_index_keys(const index_list& indexes, const msg::AttributeMap& item);

std::string_view type_letter(msg::KeyType type); // "S", "N" or "B"
// "Type mismatch for Index Key ..."
refusal index_type_mismatch(const msg::TableOptions::LocalIndex& index, std::string_view actual);
// Of an empty value of type S or B in an update.
refusal empty_updated_index_key(std::string_view type);

} // namespace troupe::item
