#include "actors/gateway/key_paths.h"
#include "actors/core/expression/request.h"
#include <memory>

namespace troupe::gateway {

namespace {

struct checking {
  std::vector<projected_table> left;
  std::function<void()> go_on;
};

item::verdict check(const msg::ProjectionExpression& nested, const msg::TableRecord& table) {
  if (auto bad = expression::check_paths(nested, table.keys(), "Key"))
    return bad;
  for (const auto& index : table.options().local_indexes()) {
    msg::KeySchema keys;
    *keys.mutable_partition() = table.keys().partition();
    *keys.mutable_sort() = index.sort();
    if (auto bad = expression::check_paths(nested, keys, "IndexKey"))
      return bad;
  }
  return {};
}

// The router may know a table that has been deleted and made anew with other keys, so before anything is
// refused it looks at the newest.
void check_next(backend& to, const call_ptr& c, const std::shared_ptr<checking>& all,
                msg::DescribeTable::Source source) {
  while (!all->left.empty() && all->left.back().nested.paths().empty())
    all->left.pop_back();
  if (all->left.empty())
    return all->go_on();
  msg::AdminRequest ask;
  ask.mutable_describe_table()->set_name(all->left.back().table);
  ask.mutable_describe_table()->set_source(source);
  to.submit(std::move(ask), [&to, c, all, source](const msg::AdminReply& reply) {
    if (reply.status().code() == msg::OK && reply.tables_size() > 0)
      if (auto bad = check(all->left.back().nested, reply.tables(0)))
        return source == msg::DescribeTable::CHECKED ? c->refuse(api::of_refusal(*bad))
                                                     : check_next(to, c, all, msg::DescribeTable::CHECKED);
    all->left.pop_back();
    check_next(to, c, all, msg::DescribeTable::ROUTER);
  });
}

} // namespace

msg::ProjectionExpression nested_in(const msg::ProjectionExpression& all) {
  msg::ProjectionExpression nested;
  for (const auto& path : all.paths())
    if (path.elements_size() > 1)
      *nested.add_paths() = path;
  return nested;
}

void with_scalar_keys(backend& to, const call_ptr& c, std::vector<projected_table> of,
                      std::function<void()> go_on) {
  auto all = std::make_shared<checking>();
  all->left = std::move(of);
  all->go_on = std::move(go_on);
  check_next(to, c, all, msg::DescribeTable::ROUTER);
}

} // namespace troupe::gateway
