// restore: a new table with the items that another one had, as of any time. The old table goes on as it is.
// What its partitions have not archived yet is waited for; everything is read from the archive, so that they
// do no more than that; and it is written as any client writes, not faster than was asked for. What was
// waited for must be in what was read: else it says so, and not that all is there.
#include "actors/host/commands/archive_file.h"
#include "actors/host/commands/archive_wait.h"
#include "actors/host/commands/command.h"
#include "actors/host/commands/past.h"
#include "config/limits.h"
#include "storage/archive/open.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <ostream>
#include <thread>

namespace troupe::commands {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto look_again = milliseconds(200);
constexpr auto archiving_takes = milliseconds(60'000); // at most, beside archive.segment_age
constexpr std::size_t writes_at_once = 32;

struct wish {
  std::string file;
  std::string table;
  std::string as;
  std::string at;
  std::string scratch;
  std::int64_t rate = 1000;
};

class restoring {
public:
  restoring(const wish& w, const command& c, config::cluster cluster,
            std::unique_ptr<storage::object_store> store, client::session& session, std::int64_t time_ms)
      : wish_(w), command_(c), cluster_(std::move(cluster)), store_(std::move(store)), session_(session),
        time_ms_(time_ms) {}

  int run() {
    scratch_directory scratch(wish_.scratch);
    if (scratch.path().empty())
      return failed(scratch.trouble());
    source_ = session_.call(client::describe_table{.name = wish_.table});
    if (!source_.ok())
      return command_.report(source_.status, session_);
    if (time_ms_ != 0 && time_ms_ < source_.table.created_ms())
      return said(exit_code::refused,
                  "table " + wish_.table + " was made at " + to_time(source_.table.created_ms()));
    for (auto& partition : source_.partitions)
      groups_.push_back(partition.group());
    wait_.emplace(groups_);
    if (auto code = wait_for_archive(); code != exit_code::ok)
      return code;
    if (auto code = find_partitions(); code != exit_code::ok)
      return code;
    if (auto code = make_table(); code != exit_code::ok)
      return code;
    for (auto group : groups_)
      if (auto code = restore(*past_.find(group), scratch.path()); code != exit_code::ok)
        return code;
    if (auto code = wait_for_writes(0); code != exit_code::ok)
      return code;
    *command_.io.out << "table " << printable(wish_.as) << " has the " << items_ << " items that "
                     << printable(wish_.table) << " had"
                     << (time_ms_ != 0 ? " at " + to_time(time_ms_) : std::string(" a moment ago")) << '\n';
    return exit_code::ok;
  }

private:
  int said(int code, const std::string& what, const std::string& advice = {}) {
    command_.io.complain(what, advice);
    return code;
  }
  int failed(const std::string& what) { return said(exit_code::failed, what); }
  // Once there is a new table, whatever goes wrong leaves it with a part of the items.
  int broken_off(int code, const std::string& what) {
    return said(code, what, "Table " + wish_.as + " is not complete: delete it, and begin again.");
  }

  // What the archive has of the table now.
  int look_at_archive() {
    auto tables = past_tables(*store_);
    if (!tables)
      return said(exit_code::unavailable, tables.error().text);
    past_ = {};
    for (auto& one : *tables)
      if (one.id == source_.table.id())
        past_ = std::move(one);
    return exit_code::ok;
  }

  // Until everything that was written before this began, or up to the time that is wanted, is in the archive.
  int wait_for_archive() {
    if (auto code = look_at_archive(); code != exit_code::ok)
      return code;
    for (auto group : groups_)
      if (const auto* there = past_.find(group); time_ms_ != 0 && there && there->last_time_ms > time_ms_)
        wait_->holds_younger(group);
    auto began = clock::now();
    auto until = began + archive_wait::news_are_new + milliseconds(2 * cluster_.archive.segment_age_ms) +
                 archiving_takes;
    for (; !wait_->done(); std::this_thread::sleep_for(look_again)) {
      auto status = session_.call(client::cluster_status{});
      if (!status.ok())
        return command_.report(status.status, session_);
      wait_->look(status.cluster, std::chrono::duration_cast<milliseconds>(clock::now() - began));
      if (wait_->nothing_is_archived())
        return said(exit_code::refused, "the cluster archives nothing",
                    "The nodes' cluster file has no section `archive`, or they were started before it had.");
      if (!wait_->done() && clock::now() >= until)
        return said(exit_code::unavailable,
                    "what was written last does not get into the archive: " + wait_->behind(),
                    "`troupe status` tells more.");
    }
    return exit_code::ok;
  }

  // Before anything is made: a partition that the archive does not list would be missing in the new table.
  int find_partitions() {
    if (auto code = look_at_archive(); code != exit_code::ok)
      return code;
    for (auto group : groups_)
      if (!past_.find(group))
        return failed("the archive lists nothing of partition " + std::to_string(group) +
                      ", though its log is archived");
    return exit_code::ok;
  }

  int make_table() {
    msg::AdminRequest request;
    auto& create = *request.mutable_create_table();
    create.set_name(wish_.as);
    *create.mutable_keys() = source_.table.keys();
    create.set_partitions(static_cast<std::uint32_t>(source_.partitions.size()));
    *create.mutable_options() = source_.table.options();
    create.mutable_options()->clear_tags();
    create.mutable_options()->set_deletion_protection(false);
    std::promise<msg::Status> answer;
    session_.submit(std::move(request), limits_timeout,
                    [&](const msg::AdminReply& made) { answer.set_value(made.status()); });
    if (auto made = answer.get_future().get(); made.code() != msg::OK)
      return command_.report(made, session_);
    auto until = clock::now() + std::max<clock::duration>(command_.options().timeout, milliseconds(30'000));
    for (;;) {
      auto table = session_.call(client::describe_table{.name = wish_.as});
      if (table.ok() && table.table.state() == msg::TABLE_ACTIVE)
        return exit_code::ok;
      if (!table.ok() || clock::now() >= until)
        return table.ok()
                   ? broken_off(exit_code::unavailable, "table " + wish_.as + " is still being created")
                   : command_.report(table.status, session_);
      std::this_thread::sleep_for(look_again);
    }
  }

  int restore(const past_group& there, const std::string& scratch) {
    auto group = there.whose.group;
    past_wish wish;
    wish.whose = there.whose;
    wish.time_ms = time_ms_;
    wish.last = std::max(there.last, wait_->reaches(group));
    wish.scratch = scratch;
    auto part =
        read_past(*store_, wish, unix_ms(), [this](msg::AttributeMap item) { return put(std::move(item)); });
    if (refused_.code() != msg::OK)
      return exit_code::ok; // told by wait_for_writes
    if (!part)
      return broken_off(exit_code::failed, part.error().text);
    *command_.io.err << "partition " << group << ": " << part->items
                     << (part->items == 1 ? " item" : " items") << " as of entry " << part->index << '\n';
    return exit_code::ok;
  }

  // Returns why no more are put.
  std::string put(msg::AttributeMap item) {
    (void)wait_for_writes(writes_at_once - 1);
    next_put_ = std::max(next_put_, clock::now()); // what was not written in time is not made up for
    std::this_thread::sleep_until(next_put_);
    next_put_ += std::chrono::microseconds(1'000'000 / wish_.rate);
    std::unique_lock hold(lock_);
    if (refused_.code() != msg::OK)
      return "a write was refused";
    ++under_way_;
    ++items_;
    hold.unlock();
    session_.send(client::put_item{.table = wish_.as, .item = std::move(item), .timeout = limits_timeout},
                  [this](const client::write_result& done) {
                    std::lock_guard answered(lock_);
                    --under_way_;
                    if (!done.ok() && refused_.code() == msg::OK)
                      refused_ = done.status;
                    changed_.notify_all();
                  });
    return {};
  }

  // Until so few are under way.
  int wait_for_writes(std::size_t most) {
    std::unique_lock hold(lock_);
    changed_.wait(hold, [&] { return under_way_ <= most; });
    if (most > 0 || refused_.code() == msg::OK)
      return exit_code::ok;
    hold.unlock();
    command_.report(refused_, session_);
    return broken_off(exit_code_of(refused_), "a write to table " + wish_.as + " failed");
  }

  static constexpr auto limits_timeout = milliseconds(limits::request_deadline_max_ms);

  const wish& wish_;
  const command& command_;
  config::cluster cluster_;
  std::unique_ptr<storage::object_store> store_;
  client::session& session_;
  std::int64_t time_ms_; // 0: now
  client::table_result source_;
  std::vector<std::uint64_t> groups_;
  std::optional<archive_wait> wait_;
  past_table past_;
  std::uint64_t items_ = 0;
  clock::time_point next_put_{};

  std::mutex lock_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  msg::Status refused_;
};

int run(const wish& w, const command& c) {
  std::int64_t time_ms = 0;
  if (!w.at.empty()) {
    auto time = parse_time(w.at);
    if (!time.value) {
      c.io.complain(time.trouble);
      return exit_code::usage;
    }
    time_ms = *time.value;
    if (time_ms > unix_ms()) {
      c.io.complain(to_time(time_ms) + " has not come yet");
      return exit_code::usage;
    }
  }
  auto cluster = cluster_with_archive(w.file, c.io);
  if (!cluster)
    return exit_code::usage;
  auto store = storage::open_archive(cluster->archive, storage::archive_use::as_it_is);
  if (!store) {
    c.io.complain(store.error().text);
    return exit_code::unavailable;
  }
  auto options = c.options();
  options.routers.clear();
  for (auto& node : cluster->nodes)
    if (node.roles.router)
      options.routers.push_back({node.host, node.port});
  auto session = c.open(std::move(options));
  return session ? restoring(w, c, std::move(*cluster), std::move(*store), *session, time_ms).run()
                 : exit_code::failed;
}

} // namespace

void add_restore_command(CLI::App& app, const command_ptr& c) {
  auto w = std::make_shared<wish>();
  auto* sub =
      app.add_subcommand("restore", "Make a new table with the items that another one had, as of any time");
  sub->add_option("file", w->file, "Cluster file, whose archive is read")->required();
  sub->add_option("--table", w->table, "The table whose items are wanted")->required();
  sub->add_option("--as", w->as, "The new table's name")->required();
  sub->add_option("--at", w->at,
                  "As of then, as in 2026-11-23T14:05:00Z or in seconds since 1970; without it, as of now")
      ->type_name("TIME");
  sub->add_option("--rate", w->rate, "Items written per second, at most")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->capture_default_str();
  sub->add_option("--scratch", w->scratch,
                  "Directory for temporary files, as large as the largest partition");
  c->add_to_cluster(*sub, [w, c = c.get()] { return run(*w, *c); });
}

} // namespace troupe::commands
