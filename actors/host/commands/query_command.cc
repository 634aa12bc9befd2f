// query: the items of one partition key, in the order of their sort keys. scan: all items of a table.
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
  std::uint32_t segment = 0;
  std::uint32_t segments = 1;
  expression_wish expressions;
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

// What a query and a scan have in common.
template <class Request>
bool begin_request(const wish& w, const terminal& t, Request& request) {
  auto expressions = parse_expressions(w.expressions);
  if (!expressions.value) {
    t.complain(expressions.trouble);
    return false;
  }
  request.filter = std::move(expressions.value->filter);
  if (!w.start_key.empty()) {
    auto key = parse_attributes(t, w.start_key);
    if (!key.value) {
      t.complain(key.trouble);
      return false;
    }
    request.after = std::move(*key.value);
  }
  request.table = w.table;
  request.eventual = w.eventual;
  request.limit = w.expressions.filter.empty() ? w.limit : 0; // which counts what is looked at
  return true;
}

template <class Request>
int show_pages(const wish& w, const command& c, client::session& session, Request request) {
  std::uint64_t shown = 0;
  for (;;) {
    auto page = session.call(request);
    if (!page.ok())
      return c.report(page.status, session);
    for (const auto& item : page.items) {
      if (w.limit > 0 && shown == w.limit)
        break;
      *c.io.out << item::write_json(item) << '\n';
      ++shown;
    }
    auto enough = w.limit > 0 && shown >= w.limit;
    if (page.last_key && w.all_pages && !enough) {
      request.after = std::move(page.last_key);
      if (request.limit > 0)
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

int query(const wish& w, const command& c, client::session& session) {
  client::query_items request;
  request.from_exclusive = w.from_exclusive;
  request.to_exclusive = w.to_exclusive;
  request.backward = w.backward;
  if (!begin_request(w, c.io, request) || !fill(c.io, w.key, request.partition_key) ||
      !fill(c.io, w.from, request.from) || !fill(c.io, w.to, request.to) ||
      !fill(c.io, w.begins_with, request.prefix))
    return exit_code::usage;
  return show_pages(w, c, session, std::move(request));
}

int scan(const wish& w, const command& c, client::session& session) {
  client::scan_items request;
  request.segment = w.segment;
  request.segments = w.segments;
  if (!begin_request(w, c.io, request))
    return exit_code::usage;
  return show_pages(w, c, session, std::move(request));
}

void add_paging(CLI::App& sub, wish& w) {
  sub.add_option("--filter", w.expressions.filter, "Only items on which this filter expression holds")
      ->type_name("CONDITION");
  add_placeholders(sub, w.expressions);
  sub.add_option("--limit", w.limit, "At most so many items")->check(CLI::PositiveNumber);
  sub.add_flag("--all-pages", w.all_pages, "Go on after the first page of 1 MB");
  sub.add_option("--start-key", w.start_key, "Go on after this key, as the page before said")
      ->type_name("KEY");
  sub.add_flag("--eventual", w.eventual, "Ask any replica, which may not know the newest writes yet");
}

void add_query(CLI::App& app, const command_ptr& c) {
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
  add_paging(*sub, *w);
  sub->footer(R"(Examples:
  troupe query music --key 'S:Nina Simone'
  troupe query music --key 'S:Nina Simone' --begins-with S:S --limit 10
  troupe query readings --key N:17 --from N:1000 --to N:1999 --backward --all-pages)");
  c->add(*sub, [c = c.get(), w](client::session& session) { return query(*w, *c, session); });
}

void add_scan(CLI::App& app, const command_ptr& c) {
  auto w = std::make_shared<wish>();
  auto* sub = app.add_subcommand("scan", "List the items of a table, one JSON object per line");
  sub->add_option("table", w->table, "Table")->required()->type_name("TABLE");
  auto* segments =
      sub->add_option("--segments", w->segments, "Divide the table into so many parts, and list one of them")
          ->check(CLI::Range(1, 1'000'000));
  sub->add_option("--segment", w->segment, "Which part, from 0")->needs(segments);
  add_paging(*sub, *w);
  sub->footer(R"(Examples:
  troupe scan music --limit 10
  troupe scan music --all-pages --filter '#y < :y' --name '#y=year' --value :y=N:1970
  troupe scan music --all-pages --segments 4 --segment 0

Items come in no order that means anything, except that the same scan has the same order again.)");
  c->add(*sub, [c = c.get(), w](client::session& session) { return scan(*w, *c, session); });
}

} // namespace

void add_query_commands(CLI::App& app, const command_ptr& c) {
  add_query(app, c);
  add_scan(app, c);
}

} // namespace troupe::commands
