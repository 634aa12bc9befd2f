#include "tests/power/cut.h"
#include "tests/power/journal.h"
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <stdexcept>
#include <sys/stat.h>
#include <vector>

namespace troupe::power {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t sector = 512;

struct record : record_head {
  std::string bytes; // the payload
};

std::string contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw std::runtime_error("power cut: cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A record that was cut short is the last, and what it was about never happened.
std::vector<record> read_journal(const std::string& side) {
  std::vector<record> records;
  if (!fs::exists(journal_path(side)))
    return records; // no process has run since the last cut
  auto bytes = contents_of(journal_path(side));
  for (std::size_t at = 0; at + sizeof(record_head) <= bytes.size();) {
    record next;
    std::memcpy(static_cast<record_head*>(&next), bytes.data() + at, sizeof(record_head));
    if (next.magic != record_head{}.magic || (!records.empty() && next.number <= records.back().number))
      throw std::runtime_error("power cut: the journal is damaged");
    at += sizeof(record_head);
    if (next.payload > bytes.size() - at)
      break;
    next.bytes = bytes.substr(at, next.payload);
    at += next.payload;
    records.push_back(std::move(next));
  }
  return records;
}

std::uint64_t inode_at(const std::string& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

// What one file may lose, and what becomes of it.
class file_fate {
public:
  void add(const record& r) { pending_.push_back(&r); }
  void synced(std::uint64_t upto) {
    std::erase_if(pending_, [&](const record* r) { return r->number <= upto; });
  }

  void decide(const std::string& path, std::mt19937_64& dice, loss how, cut_report& report) {
    if (pending_.empty())
      return;
    auto bytes = contents_of(path);
    auto news = take_back(bytes);
    auto style = how == loss::everything ? 0 : dice() % 4;
    auto kept = style == 1 ? pending_.size() : style == 2 ? dice() % (pending_.size() + 1) : 0;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      const record& r = *pending_[i];
      report.writes += 1;
      if (i < kept)
        put(bytes, r, news[i], [] { return true; });
      else if (style == 3 || (style == 2 && i == kept))
        report.writes_lost += tear(bytes, r, news[i], dice) ? 1 : 0;
      else
        report.writes_lost += 1;
    }
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out)
      throw std::runtime_error("power cut: cannot write " + path);
  }

private:
  // Back to what is durable; returns what each write had put there.
  std::vector<std::string> take_back(std::string& bytes) const {
    std::vector<std::string> news(pending_.size());
    for (std::size_t i = pending_.size(); i-- > 0;) {
      const record& r = *pending_[i];
      if (r.what == deed::wrote) {
        if (r.offset < bytes.size())
          news[i] = bytes.substr(r.offset, r.length);
        news[i].resize(r.length, '\0');
      }
      bytes.resize(r.size, '\0');
      bytes.replace(std::min<std::size_t>(r.offset, bytes.size()), r.bytes.size(), r.bytes);
    }
    return news;
  }

  // `keeps` is asked for each sector.
  template <class Keeps>
  static bool put(std::string& bytes, const record& r, const std::string& news, Keeps keeps) {
    if (r.what == deed::resized) {
      if (!keeps())
        return false;
      bytes.resize(r.offset, '\0');
      return true;
    }
    bool whole = true;
    for (std::uint64_t at = r.offset; at < r.offset + r.length;) {
      auto end = std::min(r.offset + r.length, (at / sector + 1) * sector);
      if (keeps()) {
        if (bytes.size() < end)
          bytes.resize(end, '\0');
        bytes.replace(at, end - at, news, at - r.offset, end - at);
      } else {
        whole = false;
      }
      at = end;
    }
    return whole;
  }

  // Lost, kept, or sector by sector. True when any of it is lost.
  static bool tear(std::string& bytes, const record& r, const std::string& news, std::mt19937_64& dice) {
    auto way = dice() % 3;
    return !put(bytes, r, news, [&] { return way == 0 ? false : way == 1 ? true : dice() % 2 == 0; });
  }

  std::vector<const record*> pending_;
};

struct entry_change {
  const record* source = nullptr;
  std::string from; // renamed: its old name
  std::string name;
  std::uint64_t inode = 0; // what `name` is afterwards; 0: nothing
  std::uint64_t before = 0;
};

// Names and what they stand for, as they are and as they will be.
class directory_fate {
public:
  explicit directory_fate(std::string side) : side_(std::move(side)) {}

  void add(const record& r) {
    entry_change c;
    c.source = &r;
    if (r.what == deed::renaming) {
      auto middle = r.bytes.find('\0');
      c.from = r.bytes.substr(0, middle);
      c.name = r.bytes.substr(middle + 1);
      c.inode = r.inode;
      c.before = r.other;
    } else {
      c.name = r.bytes;
      c.before = r.what == deed::removing ? r.inode : 0;
    }
    for (const auto& path : {c.from, c.name})
      if (!path.empty())
        now_.try_emplace(path, inode_at(path));
    pending_.push_back(std::move(c));
  }

  void synced(const std::string& directory, std::uint64_t upto) {
    std::erase_if(pending_, [&](const entry_change& c) {
      return c.source->number <= upto && fs::path(c.name).parent_path() == directory;
    });
  }

  void decide(std::mt19937_64& dice, loss how, cut_report& report) {
    auto names = now_;
    for (auto c = pending_.rbegin(); c != pending_.rend(); ++c) {
      if (c->source->what == deed::creating)
        c->inode = names[c->name];
      names[c->name] = c->before;
      if (!c->from.empty())
        names[c->from] = c->source->inode;
    }
    auto style = how == loss::everything ? 0 : dice() % 4;
    auto kept = style == 1 ? pending_.size() : style == 2 ? dice() % (pending_.size() + 1) : 0;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      const auto& c = pending_[i];
      report.entries += 1;
      if (!(i < kept || (style == 3 && dice() % 2 == 0))) {
        report.entries_lost += 1;
        continue;
      }
      names[c.name] = c.inode;
      if (!c.from.empty() && names[c.from] == c.inode)
        names[c.from] = 0;
    }
    make_so(names);
  }

private:
  // Every file involved gets a name aside first, as one may go where another is.
  void make_so(const std::map<std::string, std::uint64_t>& names) {
    for (const auto& [path, inode] : now_)
      if (inode != 0 && !fs::exists(kept_path(side_, inode)))
        fs::create_hard_link(path, kept_path(side_, inode));
    for (const auto& [path, inode] : names) {
      if (now_.at(path) == inode)
        continue;
      fs::remove(path);
      if (inode != 0)
        fs::create_hard_link(kept_path(side_, inode), path);
    }
  }

  std::string side_;
  std::vector<entry_change> pending_;
  std::map<std::string, std::uint64_t> now_; // of all names that a record is about
};

} // namespace

cut_report cut(const std::string& side, std::uint64_t seed, loss how) {
  std::mt19937_64 dice(seed);
  auto journal = read_journal(side);
  std::map<std::uint64_t, file_fate> files;
  directory_fate entries(side);
  for (const auto& r : journal) {
    switch (r.what) {
    case deed::wrote:
    case deed::resized:
      files[r.inode].add(r);
      break;
    case deed::synced:
      files[r.inode].synced(r.upto);
      break;
    case deed::creating:
    case deed::renaming:
    case deed::removing:
      entries.add(r);
      break;
    case deed::directory_synced:
      entries.synced(r.bytes, r.upto);
      break;
    }
  }
  cut_report report;
  report.records = journal.size();
  // Where each file lies: below the data directory, whose name the side directory has, or kept aside.
  std::map<std::uint64_t, std::string> places;
  for (const auto& folder : {side, side.substr(0, side.rfind('.'))})
    for (const auto& found : fs::recursive_directory_iterator(folder))
      if (found.is_regular_file())
        places[inode_at(found.path())] = found.path();
  for (auto& [inode, fate] : files) {
    auto place = places.find(inode);
    if (place == places.end())
      throw std::runtime_error("power cut: a file that was written is nowhere");
    fate.decide(place->second, dice, how, report);
  }
  entries.decide(dice, how, report);
  for (const auto& found : fs::directory_iterator(side))
    fs::remove(found.path());
  return report;
}

} // namespace troupe::power
