// query: the items of one partition key, in the order of their sort keys.
#include "actors/core/item/json.h"
#include "actors/host/commands/command.h"
#include <CLI/CLI.hpp>
#include <ostream>

namespace troupe::commands {

namespace {

struct wish {
  std::string table;
  std::string key;
  std::string from;
  std::string to;
  std::string begins_with;
  bool from_exclusive = false;
  bool to_exclusive = false;
  bool backward = false;
  bool eventual = false;
  bool all_pages = false;
  std::uint32_t limit = 0;
  std::string start_key;
};

// Fills one part of the request from its text, unless that is empty. False, with the reason said, when it
// cannot be understood.
template <class Target>
bool fill(const terminal& t, const std::string& text, Target& target) {
  if (text.empty())
    return true;
  auto value = parse_value(text);
  if (!value.value) {
    t.complain(value.trouble);
    return false;
  }
  target = std::move(*value.value);
  return true;
}

bool make_request(const wish& w, const terminal& t, client::query_items& request) {
  if (!fill(t, w.key, request.partition_key) || !fill(t, w.from, request.from) ||
      !fill(t, w.to, request.to) || !fill(t, w.begins_with, request.prefix))
    return false;
  if (!w.start_key.empty()) {
    auto key = parse_attributes(t, w.start_key);
    if (!key.value) {
      t.complain(key.trouble);
      return false;
    }
    request.after = std::move(*key.value);
  }
  request.table = w.table;
  request.from_exclusive = w.from_exclusive;
  request.to_exclusive = w.to_exclusive;
  request.backward = w.backward;
  request.eventual = w.eventual;
  request.limit = w.limit;
  return true;
}

int query(const wish& w, const command& c, client::session& session) {
  client::query_items request;
  if (!make_request(w, c.io, request))
    return exit_code::usage;
  std::uint64_t shown = 0;
  for (;;) {
    auto page = session.call(request);
    if (!page.ok())
      return c.report(page.status, session);
    for (const auto& item : page.items)
      *c.io.out << item::write_json(item) << '\n';
    shown += page.items.size();
    auto enough = w.limit > 0 && shown >= w.limit;
    if (page.last_key && w.all_pages && !enough) {
      request.after = std::move(page.last_key);
      if (w.limit > 0)
        request.limit = w.limit - static_cast<std::uint32_t>(shown);
      continue;
    }
    if (page.last_key && !enough)
      *c.io.err << "There are more: --all-pages shows all of them, --start-key '"
                << item::write_json(*page.last_key) << "' goes on from here.\n";
    else if (c.io.person && shown == 0)
      *c.io.err << "No items.\n";
    return exit_code::ok;
  }
}

} // namespace

void add_query_command(CLI::App& app, const command_ptr& c) {
  auto w = std::make_shared<wish>();
  auto* sub = app.add_subcommand("query", "List the items of one partition key, one JSON object per line");
  sub->add_option("table", w->table, "Table")->required()->type_name("TABLE");
  sub->add_option("--key", w->key, "The partition key: S:text, N:number, B:base64, or DynamoDB JSON")
      ->required()
      ->type_name("VALUE");
  auto* from = sub->add_option("--from", w->from, "Sort keys from this one on")->type_name("VALUE");
  auto* to =
      sub->add_option("--to", w->to, "Sort keys up to this one, which is included")->type_name("VALUE");
  sub->add_flag("--from-exclusive", w->from_exclusive, "Leave out --from itself")->needs(from);
  sub->add_flag("--to-exclusive", w->to_exclusive, "Leave out --to itself")->needs(to);
  sub->add_option("--begins-with", w->begins_with, "Sort keys of type S or B that begin so")
      ->excludes(from)
      ->excludes(to)
      ->type_name("VALUE");
  sub->add_flag("--backward", w->backward, "The largest sort key first");
  sub->add_option("--limit", w->limit, "At most so many items")->check(CLI::PositiveNumber);
  sub->add_flag("--all-pages", w->all_pages, "Go on after the first page of 1 MB");
  sub->add_option("--start-key", w->start_key, "Go on after this key, as the page before said")
      ->type_name("KEY");
  sub->add_flag("--eventual", w->eventual, "Ask any replica, which may not know the newest writes yet");
  sub->footer(R"(Examples:
  troupe query music --key 'S:Nina Simone'
  troupe query music --key 'S:Nina Simone' --begins-with S:S --limit 10
  troupe query readings --key N:17 --from N:1000 --to N:1999 --backward --all-pages)");
  c->add(*sub, [c = c.get(), w](client::session& session) { return query(*w, *c, session); });
}

} // namespace troupe::commands
