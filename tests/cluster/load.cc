#include "tests/cluster/load.h"
#include "actors/client/values.h"
#include "tests/cluster/outcome.h"
#include <algorithm>
#include <random>

namespace troupe::cluster_test {

namespace {

namespace lin = linearizability;
using lin::operation;
using lin::outcome_of;

lin::value value_of(const std::optional<msg::AttributeMap>& item) {
  auto attribute = item ? client::find(*item, "value") : nullptr;
  return attribute ? lin::value(attribute->s()) : std::nullopt;
}

msg::AttributeMap item_of(const std::string& key, const std::string& value, std::size_t pad_bytes) {
  if (pad_bytes > 0)
    return client::make_item({{"id", client::s(key)},
                              {"value", client::s(value)},
                              {"pad", client::s(std::string(pad_bytes, '.'))}});
  return client::make_item({{"id", client::s(key)}, {"value", client::s(value)}});
}

} // namespace

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t acknowledgements::longest_gap_us(std::int64_t from_us, std::int64_t to_us) const {
  std::int64_t longest = 0;
  auto last = from_us;
  for (auto at : at_us) {
    if (at < from_us || at > to_us)
      continue;
    longest = std::max(longest, at - last);
    last = at;
  }
  return std::max(longest, to_us - last);
}

load::load(std::vector<client::session*> sessions, load_options options)
    : sessions_(std::move(sessions)), options_(std::move(options)) {}

load::~load() {
  stop();
}

void load::start() {
  for (int i = 0; i < options_.clients; ++i)
    threads_.emplace_back([this, i] { run(i); });
}

void load::stop() {
  stopping_ = true;
  for (auto& t : threads_)
    t.join();
  threads_.clear();
}

void load::run(int client) {
  std::mt19937_64 random(options_.seed * 1000 + static_cast<std::uint64_t>(client));
  auto& session = *sessions_[static_cast<std::size_t>(client) % sessions_.size()];
  std::map<std::string, lin::value> seen; // what this client last knew of a register
  std::uint64_t writes = 0;
  while (!stopping_) {
    operation op;
    op.client = options_.tag + "c" + std::to_string(client);
    op.key = options_.tag + "k" + std::to_string(random() % static_cast<std::uint64_t>(options_.keys));
    auto fresh = op.client + "-" + std::to_string(++writes);
    auto dice = random() % 100;
    op.invoked = steady_us();
    if (options_.reads && dice < 35) {
      op.what = lin::action::get;
      client::get_item ask;
      ask.table = options_.table;
      ask.key = client::make_item({{"id", client::s(op.key)}});
      ask.timeout = options_.timeout;
      auto answer = session.call(ask);
      op.result = outcome_of(answer.status);
      count(answer.status);
      op.read = value_of(answer.item);
      if (answer.ok())
        seen[op.key] = op.read;
    } else if (dice < 95) {
      auto conditional = dice < 65;
      client::put_item ask;
      ask.table = options_.table;
      ask.item = item_of(op.key, fresh, options_.pad_bytes);
      ask.timeout = options_.timeout;
      op.what = conditional ? lin::action::cas : lin::action::put;
      op.written = fresh;
      if (conditional) {
        op.expected = seen[op.key];
        ask.condition =
            op.expected ? client::equals("value", client::s(*op.expected)) : client::not_exists("id");
      }
      auto answer = session.call(ask);
      op.result = outcome_of(answer.status);
      count(answer.status);
      if (answer.ok())
        seen[op.key] = fresh;
      else
        seen.erase(op.key);
    } else {
      op.what = lin::action::remove;
      client::delete_item ask;
      ask.table = options_.table;
      ask.key = client::make_item({{"id", client::s(op.key)}});
      ask.timeout = options_.timeout;
      auto answer = session.call(ask);
      op.result = outcome_of(answer.status);
      count(answer.status);
      seen.erase(op.key);
    }
    op.returned = steady_us();
    if (op.result == lin::outcome::ok)
      ++ok_;
    else if (op.result == lin::outcome::unknown)
      ++unknown_;
    else
      ++refused_;
    std::lock_guard lock(mutex_);
    if (op.result == lin::outcome::ok && op.what != lin::action::get)
      acknowledged_.push_back(op.returned);
    // A read that was not answered says nothing.
    if (op.what != lin::action::get || op.result == lin::outcome::ok)
      history_.push_back(std::move(op));
  }
}

void load::count(const msg::Status& status) {
  std::lock_guard lock(mutex_);
  ++answers_[msg::Code_Name(status.code()) + (status.message().empty() ? "" : ": " + status.message())];
}

std::string load::answers() const {
  std::lock_guard lock(mutex_);
  std::string text;
  for (auto& [what, times] : answers_)
    text += "  " + std::to_string(times) + "  " + what + "\n";
  return text;
}

std::vector<operation> load::history() const {
  std::lock_guard lock(mutex_);
  return history_;
}

acknowledgements load::acknowledged() const {
  std::lock_guard lock(mutex_);
  acknowledgements result{acknowledged_};
  std::sort(result.at_us.begin(), result.at_us.end());
  return result;
}

} // namespace troupe::cluster_test
