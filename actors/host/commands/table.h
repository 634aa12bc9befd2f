// Text in columns: each as wide as its widest cell, two blanks apart, no blanks at the ends of lines.
#pragma once
#include "actors/host/commands/terminal.h"
#include <string>
#include <vector>

namespace troupe::commands {

enum class tone { plain, dim, good, warn, bad };

struct cell {
  cell(std::string shown, tone in = tone::plain) : text(std::move(shown)), colour(in) {}
  cell(const char* shown) : text(shown) {}
  std::string text; // from anywhere: it is made printable
  tone colour = tone::plain;
};

class text_table {
public:
  struct column {
    std::string title;
    bool to_the_right = false; // numbers
  };
  explicit text_table(std::vector<column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns.
  void add(std::vector<cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  // Titles first, each line with its end.
  std::string text(const terminal& t) const;

private:
  std::vector<column> columns_;
  std::vector<std::vector<cell>> rows_;
};

std::string painted(const terminal& t, tone in, std::string_view text);

// "0 B", "1.2 MiB", "12 GiB": three digits at most.
std::string people_size(std::uint64_t bytes);
// "12 s", "3 min", "5 h", "2 d".
std::string people_age(std::int64_t ms);

} // namespace troupe::commands
