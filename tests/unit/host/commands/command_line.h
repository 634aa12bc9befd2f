// Runs a command line against the fake cluster, as a shell would.
#pragma once
#include "actors/host/commands/commands.h"
#include "tests/unit/host/commands/fake_session.h"
#include <CLI/CLI.hpp>
#include <gtest/gtest.h>
#include <sstream>

namespace troupe::commands {

struct CommandLine : ::testing::Test {
  fake_cluster cluster;
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  bool person = false;

  int run(std::vector<std::string> words) {
    out.str("");
    err.str("");
    CLI::App app{"Troupe"};
    app.require_subcommand(1);
    action chosen;
    terminal t{.in = &in, .out = &out, .err = &err, .person = person};
    add_client_commands(app, t, chosen, [this](client::options o) -> client::connection {
      cluster.opened_with = std::move(o);
      return {std::make_unique<fake_session>(cluster), {}};
    });
    std::reverse(words.begin(), words.end());
    try {
      app.parse(words);
    } catch (const CLI::ParseError& e) {
      return app.exit(e, out, err) == 0 ? exit_code::ok : exit_code::usage;
    }
    return chosen();
  }

  void say(msg::Code code, const std::string& text = {}) {
    cluster.say.emplace();
    cluster.say->set_code(code);
    cluster.say->set_message(text);
  }
  void have_music() {
    auto& table = cluster.tables["music"];
    table.set_name("music");
    table.set_state(msg::TABLE_ACTIVE);
    table.mutable_keys()->mutable_partition()->set_name("artist");
    table.mutable_keys()->mutable_partition()->set_type(msg::KEY_TYPE_S);
    table.mutable_keys()->mutable_sort()->set_name("song");
    table.mutable_keys()->mutable_sort()->set_type(msg::KEY_TYPE_S);
  }
};

inline const std::string sinnerman =
    R"({"artist":{"S":"Nina"},"song":{"S":"Sinnerman"},"year":{"N":"1965"}})";
inline const std::string sinnerman_key = R"({"artist":{"S":"Nina"},"song":{"S":"Sinnerman"}})";

} // namespace troupe::commands
