// Fixed-size integers in bytes, little-endian, as docs/formats.md has them everywhere.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace troupe::storage {

static_assert(std::endian::native == std::endian::little,
              "files are little-endian, and so far are all hosts");

inline void put_u32(char* out, std::uint32_t value) {
  std::memcpy(out, &value, sizeof value);
}
inline void put_u64(char* out, std::uint64_t value) {
  std::memcpy(out, &value, sizeof value);
}
inline void append_u32(std::string& out, std::uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline void append_u64(std::string& out, std::uint64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline std::uint32_t get_u32(const char* in) {
  std::uint32_t value;
  std::memcpy(&value, in, sizeof value);
  return value;
}
inline std::uint64_t get_u64(const char* in) {
  std::uint64_t value;
  std::memcpy(&value, in, sizeof value);
  return value;
}

// Takes integers off the front of bytes that may be damaged: once something is missing, all that follows is
// zero and ok() is false.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) : left_(bytes) {}

  std::uint32_t u32() { return take(4) ? get_u32(taken_) : 0; }
  std::uint64_t u64() { return take(8) ? get_u64(taken_) : 0; }
  std::string_view bytes(std::size_t size) {
    return take(size) ? std::string_view{taken_, size} : std::string_view{};
  }
  std::string_view rest() const { return left_; }
  bool ok() const { return ok_; }

private:
  bool take(std::size_t size) {
    if (!ok_ || left_.size() < size) {
      ok_ = false;
      return false;
    }
    taken_ = left_.data();
    left_.remove_prefix(size);
    return true;
  }
  std::string_view left_;
  const char* taken_ = nullptr;
  bool ok_ = true;
};

} // namespace troupe::storage
