// An archive read at leisure: after every read whoever reads waits for as long as its bytes take at the pace
// that was agreed on, so that a check of the whole archive is noticed by nobody. It ends soon after it was
// cancelled, with an error.
//
// Thread: one owner, a thread that may sleep.
#pragma once
#include "actors/core/scrub/schedule.h"
#include "storage/archive/object_store.h"
#include <atomic>
#include <memory>

namespace troupe::scrubber {

class paced_store final : public storage::object_store {
public:
  // `cancelled` may be null. Both outlive it.
  paced_store(storage::object_store& behind, scrub::pace pace, const std::atomic<bool>* cancelled)
      : behind_(behind), pace_(pace), cancelled_(cancelled) {}

  storage::result<storage::put_outcome> put(const std::string& name, std::string_view bytes) override;
  storage::result<std::string> get(const std::string& name, std::uint64_t max_bytes) override;
  storage::result<std::string> get_range(const std::string& name, std::uint64_t offset,
                                         std::size_t count) override;
  storage::result<storage::object_page> list(const std::string& prefix, const std::string& after,
                                             std::size_t max) override;
  storage::result<std::uint64_t> head(const std::string& name) override;
  storage::result<void> remove(const std::string& name) override;
  std::string where(const std::string& name) const override { return behind_.where(name); }

  std::uint64_t bytes_read() const { return bytes_read_; }
  bool stopped() const { return cancelled_ && *cancelled_; }

private:
  storage::result<std::string> after_a_pause(storage::result<std::string> bytes);

  storage::object_store& behind_;
  scrub::pace pace_;
  const std::atomic<bool>* cancelled_;
  std::uint64_t bytes_read_ = 0;
};

} // namespace troupe::scrubber
