#include "config/text.h"
#include <algorithm>
#include <numeric>
#include <vector>

namespace troupe::config {
namespace {

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> now(b.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t differs = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + differs});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

// `heart` for heartbeat, `data_dir` for data.
bool begins_alike(std::string_view a, std::string_view b) {
  const auto common = std::min(a.size(), b.size());
  return common >= 3 && a.substr(0, common) == b.substr(0, common);
}

} // namespace

std::string in_quotes(std::string_view text) {
  return "'" + std::string{text} + "'";
}

std::string in_words(std::span<const std::string_view> words, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0                  ? ""
            : i + 1 == words.size() ? " " + std::string{last} + " "
                                    : ", ") +
           std::string{words[i]};
  return out;
}

std::string closest(std::string_view written, std::span<const std::string_view> candidates) {
  // Far longer than any key or name: not worth a comparison.
  if (written.size() > 64)
    return {};
  std::string_view best;
  std::size_t best_distance = 0;
  for (auto candidate : candidates) {
    const auto far = begins_alike(written, candidate) ? 1 : distance(written, candidate);
    const auto tolerated = std::max<std::size_t>(1, std::max(written.size(), candidate.size()) / 3);
    if (far <= tolerated && far < written.size() && (best.empty() || far < best_distance)) {
      best = candidate;
      best_distance = far;
    }
  }
  return std::string{best};
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string to_lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_letter_or_digit(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

} // namespace troupe::config
