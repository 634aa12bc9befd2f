#include "storage/archive/open.h"
#include "storage/archive/directory_store.h"
#include "storage/archive/s3_store.h"
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace troupe::storage {

namespace {

constexpr std::size_t keys_file_bytes = 64 << 10;

// Everything in one folder of another store.
class folder_of_store final : public object_store {
public:
  folder_of_store(std::unique_ptr<object_store> whole, const std::string& folder)
      : whole_(std::move(whole)), folder_(folder + "/") {}

  result<put_outcome> put(const std::string& name, std::string_view bytes) override {
    return whole_->put(folder_ + name, bytes);
  }
  result<std::string> get(const std::string& name, std::uint64_t max_bytes) override {
    return whole_->get(folder_ + name, max_bytes);
  }
  result<std::string> get_range(const std::string& name, std::uint64_t offset, std::size_t count) override {
    return whole_->get_range(folder_ + name, offset, count);
  }
  result<object_page> list(const std::string& prefix, const std::string& after, std::size_t max) override {
    auto page = whole_->list(folder_ + prefix, after.empty() ? after : folder_ + after, max);
    if (page)
      for (auto& object : page->objects)
        object.name.erase(0, std::min(folder_.size(), object.name.size()));
    return page;
  }
  result<std::uint64_t> head(const std::string& name) override { return whole_->head(folder_ + name); }
  result<void> remove(const std::string& name) override { return whole_->remove(folder_ + name); }
  std::string where(const std::string& name) const override { return whole_->where(folder_ + name); }

private:
  std::unique_ptr<object_store> whole_;
  std::string folder_;
};

std::string_view trimmed(std::string_view text) {
  auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

bool whole(const service_keys& keys) {
  return !keys.access_key.empty() && !keys.secret.empty();
}

result<service_keys> keys_in_file(const std::string& path) {
  struct stat seen {};
  if (::stat(path.c_str(), &seen) != 0)
    return error{code::refused, path + ": the credentials file cannot be read"};
  if ((seen.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return error{code::refused, path + ": other users may read it; chmod 600 it"};
  std::ifstream in{path, std::ios::binary};
  std::string text(keys_file_bytes, '\0');
  if (!in || (in.read(text.data(), static_cast<std::streamsize>(text.size())), in.bad()))
    return error{code::refused, path + ": the credentials file cannot be read"};
  text.resize(static_cast<std::size_t>(in.gcount()));
  return read_service_keys(text, path);
}

result<service_keys> keys_in_environment() {
  auto value = [](const char* name) {
    const char* set = std::getenv(name);
    return std::string{set ? set : ""};
  };
  service_keys keys{value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"), value("AWS_SESSION_TOKEN")};
  if (!whole(keys))
    return error{code::refused, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not in the environment, and "
                                "the cluster file's archive names no credentials"};
  return keys;
}

std::string service_of(const config::archive_settings& where) {
  return where.endpoint.empty() ? "https://s3." + where.region + ".amazonaws.com" : where.endpoint;
}

result<std::unique_ptr<object_store>> open_bucket(const config::archive_settings& where,
                                                  const std::atomic<bool>* cancelled, std::uint64_t seed) {
  auto keys = where.credentials.empty() ? keys_in_environment() : keys_in_file(where.credentials);
  if (!keys)
    return keys.error();
  s3_options o;
  o.endpoint = service_of(where);
  o.bucket = where.bucket;
  o.region = where.region;
  o.access_key = keys->access_key;
  o.secret = keys->secret;
  o.session_token = keys->session_token;
  o.connect_ms = where.connect_timeout_ms;
  o.answer_ms = where.timeout_ms;
  o.cancelled = cancelled;
  o.seed = seed;
  return std::unique_ptr<object_store>(std::make_unique<s3_store>(std::move(o)));
}

result<std::unique_ptr<object_store>> open_directory(const config::archive_settings& where, archive_use how) {
  if (how == archive_use::as_it_is)
    return std::unique_ptr<object_store>(directory_store::at(where.directory));
  auto made = directory_store::open(where.directory);
  if (!made)
    return made.error();
  return std::unique_ptr<object_store>(std::move(*made));
}

} // namespace

result<std::unique_ptr<object_store>> open_archive(const config::archive_settings& where, archive_use how,
                                                   const std::atomic<bool>* cancelled, std::uint64_t seed) {
  require(where.on(), "an archive that is opened has a place");
  auto store = where.directory.empty() ? open_bucket(where, cancelled, seed) : open_directory(where, how);
  if (!store || where.prefix.empty())
    return store;
  return std::unique_ptr<object_store>(std::make_unique<folder_of_store>(std::move(*store), where.prefix));
}

std::string place_of(const config::archive_settings& where) {
  auto place = where.directory.empty() ? service_of(where) + "/" + where.bucket : where.directory;
  return where.prefix.empty() ? place : place + "/" + where.prefix;
}

result<service_keys> read_service_keys(std::string_view text, const std::string& file) {
  service_keys keys;
  std::istringstream lines{std::string{text}};
  for (std::string line; std::getline(lines, line);) {
    auto stripped = trimmed(line);
    if (stripped.starts_with('[')) {
      if (whole(keys))
        return keys;
      keys = {};
    }
    auto equals = stripped.find('=');
    if (equals == std::string_view::npos || stripped.starts_with('#') || stripped.starts_with(';'))
      continue;
    auto name = trimmed(stripped.substr(0, equals));
    auto value = std::string{trimmed(stripped.substr(equals + 1))};
    if (name == "aws_access_key_id")
      keys.access_key = value;
    else if (name == "aws_secret_access_key")
      keys.secret = value;
    else if (name == "aws_session_token")
      keys.session_token = value;
  }
  if (!whole(keys))
    return error{code::refused, file + ": no section has aws_access_key_id and aws_secret_access_key"};
  return keys;
}

} // namespace troupe::storage
