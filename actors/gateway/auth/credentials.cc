#include "actors/gateway/auth/credentials.h"
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/stat.h>
#include <utility>

namespace troupe::auth {

namespace {

constexpr std::size_t file_bytes_max = 1u << 20;
constexpr std::string_view blanks = " \t\r";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// One section on its way in.
struct section {
  std::string name;
  int line = 0;
  std::string key;
  std::string secret;
};

class file_reader {
public:
  explicit file_reader(const std::string& file) : file_(file) {}

  loaded_credentials read(std::string_view text) {
    while (!text.empty() && trouble_.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      ++line_;
      take(trim(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (trouble_.empty())
      finish();
    if (!trouble_.empty())
      return {{}, trouble_};
    return {std::move(known_), {}};
  }

private:
  void take(std::string_view line) {
    if (line.empty() || line.front() == '#' || line.front() == ';')
      return;
    if (line.front() == '[') {
      finish();
      if (line.back() != ']' || line.size() < 3)
        return refuse(line_, "a section is written [name]");
      now_ = {std::string(trim(line.substr(1, line.size() - 2))), line_, {}, {}};
      return;
    }
    const auto equal = line.find('=');
    if (equal == std::string_view::npos)
      return refuse(line_, "neither [name] nor NAME = VALUE");
    if (now_.line == 0)
      return refuse(line_, "a setting stands before the first [name]");
    const auto name = trim(line.substr(0, equal));
    const auto value = trim(line.substr(equal + 1));
    if (name == "aws_access_key_id")
      now_.key = value;
    else if (name == "aws_secret_access_key")
      now_.secret = value;
    else if (name == "aws_session_token")
      refuse(line_, "temporary keys with a session token are not known here");
  }

  void finish() {
    if (now_.line == 0 || (now_.key.empty() && now_.secret.empty()))
      return; // a section of other settings
    if (now_.key.empty() || now_.secret.empty())
      return refuse(now_.line, "section " + now_.name + " has no " +
                                   (now_.key.empty() ? "aws_access_key_id" : "aws_secret_access_key"));
    if (now_.key.find_first_of("/, =") != std::string::npos || now_.key.size() > 128)
      return refuse(now_.line, "the access key of section " + now_.name +
                                   " has a slash, comma, blank or equal sign in it, or is longer than 128");
    if (!known_.add(now_.key, {now_.name, now_.secret}))
      refuse(now_.line, "access key " + now_.key + " stands in an earlier section already");
  }

  void refuse(int line, const std::string& what) {
    if (trouble_.empty())
      trouble_ = file_ + ":" + std::to_string(line) + ": " + what;
  }

  const std::string& file_;
  int line_ = 0;
  section now_;
  credentials known_;
  std::string trouble_;
};

} // namespace

bool credentials::add(const std::string& access_key, credential what) {
  return by_key_.emplace(access_key, std::move(what)).second;
}

const credential* credentials::find(std::string_view access_key) const {
  const auto it = by_key_.find(access_key);
  return it == by_key_.end() ? nullptr : &it->second;
}

loaded_credentials read_credentials(std::string_view text, const std::string& file) {
  return file_reader(file).read(text);
}

loaded_credentials load_credentials(const std::string& file) {
  struct stat what {};
  if (::stat(file.c_str(), &what) != 0)
    return {{}, file + ": " + std::strerror(errno)};
  if (!S_ISREG(what.st_mode))
    return {{}, file + ": is no file"};
  if ((what.st_mode & S_IRWXO) != 0)
    return {{}, file + ": everybody on this machine may read or change it; chmod o= it"};
  if (static_cast<std::size_t>(what.st_size) > file_bytes_max)
    return {{}, file + ": is longer than 1 MiB"};
  std::ifstream in(file, std::ios::binary);
  std::string text(static_cast<std::size_t>(what.st_size), '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(text.size())))
    return {{}, file + ": cannot be read"};
  auto out = read_credentials(text, file);
  if (out.trouble.empty() && out.credentials.size() == 0)
    out.trouble = file + ": has no aws_access_key_id in it";
  return out;
}

} // namespace troupe::auth
