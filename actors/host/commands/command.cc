#include "actors/host/commands/command.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

namespace troupe::commands {

namespace {

// How long a command waits for the first router: long enough for one that just starts, short enough for a
// person who has mistyped the address.
constexpr auto reach = std::chrono::milliseconds(3'000);

// CLI11 asks validators for the trouble, empty when there is none.
std::string check_endpoint(const std::string& text) {
  return client::parse_endpoint(text) ? "" : "'" + text + "' is not HOST:PORT, as in 127.0.0.1:7101";
}
std::string check_timeout(const std::string& text) {
  return parse_timeout(text).trouble;
}

const char* meaning(msg::Code code) {
  switch (code) {
  case msg::OK:
    return "done";
  case msg::VALIDATION:
    return "refused";
  case msg::CONDITION_FAILED:
    return "the condition does not hold";
  case msg::TABLE_NOT_FOUND:
    return "no such table";
  case msg::LIMIT_EXCEEDED:
    return "there are as many as there may be";
  case msg::TABLE_EXISTS:
    return "there is a table of that name";
  case msg::TABLE_IN_USE:
    return "the table is in use";
  case msg::OVERLOADED:
    return "the cluster is overloaded, try again";
  case msg::UNAVAILABLE:
    return "unavailable, nothing was changed";
  case msg::MOVED:
    return "the partition moved, try again";
  case msg::STORAGE_FULL:
    return "the disk is full, nothing was changed";
  case msg::UNSUPPORTED:
    return "not supported by this version";
  case msg::UNKNOWN_OUTCOME:
    return "the outcome is not known";
  case msg::INTERNAL:
    return "a fault inside Troupe";
  default:
    return "refused";
  }
}

} // namespace

void command::add_alone(CLI::App& sub, std::function<int()> run) {
  sub.add_option("--at", at_, "Routers to ask, HOST:PORT; several: comma or --at again")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->envname("TROUPE_AT")
      ->check(CLI::Validator([](std::string& text) { return check_endpoint(text); }, "HOST:PORT"))
      ->capture_default_str();
  add_to_cluster(sub, std::move(run));
}

void command::add_to_cluster(CLI::App& sub, std::function<int()> run) {
  sub.add_option("--timeout", timeout_, "How long one request may take, as in 500ms or 5s")
      ->check(CLI::Validator([](std::string& text) { return check_timeout(text); }, "TIME"))
      ->capture_default_str();
  auto* certificate =
      sub.add_option("--certificate", certificate_, "For clusters with TLS: PEM with certificate and key")
          ->envname("TROUPE_CERTIFICATE")
          ->type_name("FILE");
  auto* authority = sub.add_option("--authority", authority_, "For clusters with TLS: PEM of the authority")
                        ->envname("TROUPE_AUTHORITY")
                        ->type_name("FILE");
  certificate->needs(authority);
  authority->needs(certificate);
  add_offline(sub, std::move(run));
}

void command::add_offline(CLI::App& sub, std::function<int()> run) {
  sub.callback([self = shared_from_this(), run = std::move(run)] {
    *self->chosen_ = [self, run] { return self->checked(run()); };
  });
}

void command::add(CLI::App& sub, std::function<int(client::session&)> run) {
  add_alone(sub, [this, run = std::move(run)] {
    auto session = open(options());
    return session ? run(*session) : exit_code::failed;
  });
}

client::options command::options() const {
  client::options o;
  for (const auto& text : at_)
    if (auto endpoint = client::parse_endpoint(text))
      o.routers.push_back(*endpoint);
  o.timeout = std::chrono::milliseconds(parse_timeout(timeout_).value.value_or(5'000));
  o.reach = std::min(o.timeout, reach);
  o.tls = {!certificate_.empty(), certificate_, authority_};
  return o;
}

std::unique_ptr<client::session> command::open(client::options o) const {
  auto [session, trouble] = open_(std::move(o));
  if (!session)
    io.complain(trouble);
  return std::move(session);
}

// A full disk behind a redirection must not look like success.
int command::checked(int code) const {
  io.out->flush();
  if (*io.out || code != exit_code::ok)
    return code;
  io.complain("cannot write the output");
  return exit_code::failed;
}

int command::report(const msg::Status& status, client::session& session) const {
  if (status.code() == msg::OK)
    return exit_code::ok;
  auto text = std::string(meaning(status.code()));
  if (!status.message().empty())
    text += ": " + status.message();
  io.complain(text);
  if (status.code() == msg::UNAVAILABLE && session.counts().routers == 0) {
    for (const auto& trouble : session.troubles())
      *io.err << "  " << printable(trouble) << '\n';
    *io.err << "  Is a cluster running there? `troupe dev` starts one to try; --at says where to look.\n";
  }
  if (status.code() == msg::UNKNOWN_OUTCOME)
    *io.err << "  The write may have taken effect, or may still do so. Read the item to find out.\n";
  return exit_code_of(status);
}

} // namespace troupe::commands
