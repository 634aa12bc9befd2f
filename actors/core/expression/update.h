// Applying updates to items: the leader's half of UpdateItem.
//
// All that an update reads, it reads from the item as it was before; positions in lists, too, are those
// before the update (Developer Guide, "Update expressions"). What is refused here depends on the item, so it
// can be known only on the leader; each refusal is a ValidationException and the item stays as it was.
//
// Thread: values, share them as you like once made.
#pragma once
#include "actors/core/expression/path_tree.h"
#include "actors/core/item/result.h"
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <optional>
#include <vector>

namespace troupe::expression {

using item::refusal;
using item::result;
using item::verdict;

class update {
public:
  // Nothing when `from` is not what parse_update() or legacy.h make: damage, or a newer version's.
  static std::optional<update> make(msg::UpdateExpression from);

  struct outcome {
    // False when there was no item and the update only removes: then there is still none.
    bool exists = true;
    msg::AttributeMap item; // canonical
  };
  // `old` is the item, canonical, or nullptr when there is none; then one is made from `key`, its key
  // attributes in canonical order. That no path leads to a key attribute was checked by the router
  // (request.h).
  result<outcome> apply(const msg::AttributeMap* old, const msg::AttributeMap& key) const;

  // What the paths of the update have in an item: ReturnValues UPDATED_OLD of the item before, UPDATED_NEW of
  // the item after. As in DynamoDB, a place beyond the end of a list is empty even after something was
  // appended there.
  msg::AttributeMap touched(const msg::AttributeMap& item) const { return touched_.select(item); }

private:
  using action = msg::UpdateExpression::Action;

  bool only_removes() const;

  msg::UpdateExpression actions_;
  std::vector<msg::Value> values_;
  path_tree touched_;
};

} // namespace troupe::expression
