// put, get, delete and query as people and scripts use them.
#include "actors/core/item/json.h"
#include "tests/unit/host/commands/command_line.h"
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <gmock/gmock.h>

namespace troupe::commands {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST_F(CommandLine, WhatIsPutCanBeGotAndDeleted) {
  have_music();
  EXPECT_EQ(run({"put", "music", sinnerman}), exit_code::ok);
  EXPECT_EQ(out.str(), "") << "a pipe hears nothing it did not ask for";
  EXPECT_EQ(run({"get", "music", sinnerman_key}), exit_code::ok);
  EXPECT_EQ(out.str(), sinnerman + "\n");
  EXPECT_EQ(run({"delete", "music", sinnerman_key}), exit_code::ok);
  EXPECT_EQ(run({"get", "music", sinnerman_key}), exit_code::not_found);
  EXPECT_EQ(out.str(), "");
  EXPECT_THAT(err.str(), HasSubstr("no such item"));
}

TEST_F(CommandLine, PeopleSeeItemsOnSeveralLinesAndAreToldThatItWorked) {
  have_music();
  person = true;
  EXPECT_EQ(run({"put", "music", sinnerman}), exit_code::ok);
  EXPECT_EQ(out.str(), "stored\n");
  EXPECT_EQ(run({"get", "music", sinnerman_key}), exit_code::ok);
  EXPECT_THAT(out.str(), HasSubstr("{\n  \"artist\""));
}

TEST_F(CommandLine, AnItemMayComeFromStandardInputOrAFile) {
  have_music();
  in.str(sinnerman + "\n");
  EXPECT_EQ(run({"put", "music", "-"}), exit_code::ok);
  auto path = testing::TempDir() + "troupe_key.json";
  std::ofstream(path) << sinnerman_key;
  EXPECT_EQ(run({"get", "music", "@" + path}), exit_code::ok);
  EXPECT_EQ(out.str(), sinnerman + "\n");
  std::remove(path.c_str());
  EXPECT_EQ(run({"get", "music", "@" + path}), exit_code::usage);
  EXPECT_THAT(err.str(), HasSubstr("cannot read the file"));
}

TEST_F(CommandLine, JsonThatIsNotUnderstoodIsRefusedWithAnExample) {
  have_music();
  EXPECT_EQ(run({"put", "music", R"({"artist": "Nina"})"}), exit_code::usage);
  EXPECT_THAT(err.str(), HasSubstr("artist"));
  EXPECT_THAT(err.str(), HasSubstr(R"({"pk": {"S": "a"})"));
  EXPECT_TRUE(cluster.item_requests.empty());
}

TEST_F(CommandLine, ConditionsOnExistenceAskForThePartitionKey) {
  have_music();
  EXPECT_EQ(run({"put", "music", sinnerman, "--if-exists"}), exit_code::condition_failed);
  EXPECT_EQ(run({"put", "music", sinnerman, "--if-not-exists"}), exit_code::ok);
  EXPECT_EQ(run({"put", "music", sinnerman, "--if-not-exists"}), exit_code::condition_failed);
  EXPECT_THAT(err.str(), HasSubstr("the condition does not hold"));
  EXPECT_EQ(cluster.item_requests.back().put().condition().clauses(0).attribute(), "artist");
  EXPECT_EQ(run({"delete", "music", sinnerman_key, "--if-exists"}), exit_code::ok);
  EXPECT_EQ(run({"delete", "music", sinnerman_key, "--if-exists"}), exit_code::condition_failed);
  EXPECT_EQ(run({"put", "music", sinnerman, "--if-exists", "--if-not-exists"}), exit_code::usage);
}

TEST_F(CommandLine, ConditionsOnValuesTakeShortAndJsonForms) {
  have_music();
  run({"put", "music", sinnerman});
  EXPECT_EQ(run({"put", "music", sinnerman, "--if-equals", "year=N:1965"}), exit_code::ok);
  EXPECT_EQ(run({"put", "music", sinnerman, "--if-equals", R"(year={"N":"1965"})"}), exit_code::ok);
  EXPECT_EQ(run({"put", "music", sinnerman, "--if-equals", "year=N:1965", "--if-equals", "artist=S:Bob"}),
            exit_code::condition_failed);
  EXPECT_EQ(cluster.item_requests.back().put().condition().clauses_size(), 2);
  EXPECT_EQ(run({"put", "music", sinnerman, "--if-equals", "year"}), exit_code::usage);
  EXPECT_EQ(run({"put", "music", sinnerman, "--if-equals", "year=1965"}), exit_code::usage);
  EXPECT_THAT(err.str(), HasSubstr("S:text"));
  EXPECT_EQ(run({"put", "music", sinnerman, "--if-equals", "data=B:!!"}), exit_code::usage);
}

TEST_F(CommandLine, TheOldItemIsPrintedWhenAskedFor) {
  have_music();
  EXPECT_EQ(run({"put", "music", sinnerman, "--return-old"}), exit_code::ok);
  EXPECT_EQ(out.str(), "") << "there was none";
  EXPECT_EQ(run({"delete", "music", sinnerman_key, "--return-old"}), exit_code::ok);
  EXPECT_EQ(out.str(), sinnerman + "\n");
}

TEST_F(CommandLine, EventualReadsAreAskedForAsSuch) {
  have_music();
  run({"get", "music", sinnerman_key});
  EXPECT_FALSE(cluster.item_requests.back().get().eventual());
  run({"get", "music", sinnerman_key, "--eventual"});
  EXPECT_TRUE(cluster.item_requests.back().get().eventual());
}

struct Query : CommandLine {
  void SetUp() override {
    have_music();
    for (auto song : {"a1", "a2", "b1", "b2", "b3"})
      run({"put", "music", R"({"artist":{"S":"Nina"},"song":{"S":")" + std::string(song) + R"("}})"});
    cluster.item_requests.clear();
  }
  std::vector<std::string> songs() const {
    std::vector<std::string> result;
    std::istringstream lines(out.str());
    for (std::string line; std::getline(lines, line);) {
      auto item = item::read_json(line);
      result.push_back(item ? item::find(*item, "song")->s() : "not an item: " + line);
    }
    return result;
  }
};

using words = std::vector<std::string>;

TEST_F(Query, OnePageAndAHintWhereItGoesOn) {
  EXPECT_EQ(run({"query", "music", "--key", "S:Nina"}), exit_code::ok);
  EXPECT_EQ(songs(), (words{"a1", "a2"}));
  EXPECT_THAT(err.str(), HasSubstr(R"(--start-key '{"artist":{"S":"Nina"},"song":{"S":"a2"}}')"));
  EXPECT_EQ(run({"query", "music", "--key", "S:Nina", "--start-key",
                 R"({"artist":{"S":"Nina"},"song":{"S":"a2"}})"}),
            exit_code::ok);
  EXPECT_EQ(songs(), (words{"b1", "b2"}));
}

TEST_F(Query, AllPagesAreAllItemsInOrder) {
  EXPECT_EQ(run({"query", "music", "--key", "S:Nina", "--all-pages"}), exit_code::ok);
  EXPECT_EQ(songs(), (words{"a1", "a2", "b1", "b2", "b3"}));
  EXPECT_EQ(err.str(), "");
  EXPECT_EQ(cluster.item_requests.size(), 3u);
  EXPECT_EQ(run({"query", "music", "--key", "S:Nina", "--all-pages", "--backward"}), exit_code::ok);
  EXPECT_EQ(songs(), (words{"b3", "b2", "b1", "a2", "a1"}));
}

TEST_F(Query, ALimitCountsOverAllPages) {
  EXPECT_EQ(run({"query", "music", "--key", "S:Nina", "--all-pages", "--limit", "3"}), exit_code::ok);
  EXPECT_EQ(songs(), (words{"a1", "a2", "b1"}));
  EXPECT_EQ(cluster.item_requests.back().query().limit(), 1u);
  EXPECT_EQ(err.str(), "") << "who asked for three knows that there may be more";
}

TEST_F(Query, BoundsAndPrefixes) {
  EXPECT_EQ(run({"query", "music", "--key", "S:Nina", "--from", "S:a2", "--to", "S:b2", "--all-pages"}),
            exit_code::ok);
  EXPECT_EQ(songs(), (words{"a2", "b1", "b2"}));
  EXPECT_EQ(run({"query", "music", "--key", "S:Nina", "--from", "S:a2", "--from-exclusive", "--to", "S:b2",
                 "--to-exclusive"}),
            exit_code::ok);
  EXPECT_EQ(songs(), (words{"b1"}));
  EXPECT_EQ(run({"query", "music", "--key", "S:Nina", "--begins-with", "S:b", "--all-pages"}), exit_code::ok);
  EXPECT_EQ(songs(), (words{"b1", "b2", "b3"}));
  EXPECT_EQ(run({"query", "music", "--key", "S:Nina", "--begins-with", "S:b", "--from", "S:a"}),
            exit_code::usage);
  EXPECT_EQ(run({"query", "music", "--key", "S:Nina", "--to-exclusive"}), exit_code::usage);
}

TEST_F(Query, AWrongTypeIsTheClustersToRefuse) {
  EXPECT_EQ(run({"query", "music", "--key", "N:5"}), exit_code::refused);
  EXPECT_EQ(run({"query", "music", "--key", "Nina"}), exit_code::usage);
  EXPECT_EQ(run({"query", "music"}), exit_code::usage);
}

TEST_F(CommandLine, EveryCodeHasItsExitCodeAndItsWords) {
  struct expected {
    msg::Code code;
    int exit;
    const char* words;
  };
  for (auto [code, exit, text] : {expected{msg::VALIDATION, exit_code::refused, "refused: because"},
                                  expected{msg::CONDITION_FAILED, exit_code::condition_failed, "condition"},
                                  expected{msg::TABLE_NOT_FOUND, exit_code::not_found, "no such table"},
                                  expected{msg::TABLE_IN_USE, exit_code::refused, "in use"},
                                  expected{msg::OVERLOADED, exit_code::unavailable, "overloaded"},
                                  expected{msg::UNAVAILABLE, exit_code::unavailable, "nothing was changed"},
                                  expected{msg::STORAGE_FULL, exit_code::refused, "disk is full"},
                                  expected{msg::UNSUPPORTED, exit_code::refused, "not supported"},
                                  expected{msg::UNKNOWN_OUTCOME, exit_code::unknown_outcome, "Read the item"},
                                  expected{msg::INTERNAL, exit_code::failed, "fault"}}) {
    say(code, "because");
    EXPECT_EQ(run({"put", "music", sinnerman}), exit) << msg::Code_Name(code);
    EXPECT_THAT(err.str(), HasSubstr(text));
    EXPECT_EQ(out.str(), "");
  }
}

TEST_F(CommandLine, WithoutARouterPeopleAreToldWhatToDo) {
  say(msg::UNAVAILABLE, "no router can be reached");
  cluster.troubles = {"127.0.0.1:7101: cannot connect"};
  EXPECT_EQ(run({"get", "music", sinnerman_key}), exit_code::unavailable);
  EXPECT_THAT(err.str(), HasSubstr("127.0.0.1:7101: cannot connect"));
  EXPECT_THAT(err.str(), HasSubstr("troupe dev"));
}

TEST_F(CommandLine, TextFromOutsideCannotSteerTheTerminal) {
  say(msg::VALIDATION, "bad \x1b[31m name");
  run({"put", "music", sinnerman});
  EXPECT_THAT(err.str(), HasSubstr("\\x1b[31m"));
}

TEST_F(CommandLine, AnItemIsUpdatedWhereItLies) {
  have_music();
  run({"put", "music", sinnerman});
  EXPECT_EQ(
      run({"update", "music", sinnerman_key, "SET #y = :y ADD plays :one", "--name", "#y=year", "--value",
           ":y=N:1965", "--value", ":one=N:1", "--if", "attribute_not_exists(plays)", "--return", "new"}),
      exit_code::ok);
  EXPECT_THAT(out.str(), AllOf(HasSubstr(R"("plays":{"N":"1"})"), HasSubstr(R"("year":{"N":"1965"})")));
  EXPECT_EQ(cluster.item_requests.back().update().returning(), msg::RETURN_NEW);
  EXPECT_EQ(run({"update", "music", sinnerman_key, "REMOVE plays", "--if", "attribute_not_exists(plays)"}),
            exit_code::condition_failed);
  EXPECT_EQ(run({"update", "music", sinnerman_key, "REMOVE plays"}), exit_code::ok);
  EXPECT_EQ(out.str(), "");
}

TEST_F(CommandLine, ExpressionsThatCannotBeReadAreExplained) {
  have_music();
  auto said = [&](words more) {
    more.insert(more.begin(), {"update", "music", sinnerman_key});
    EXPECT_EQ(run(more), exit_code::usage);
    return err.str();
  };
  EXPECT_THAT(said({"SET v = :v"}), HasSubstr("attribute value: :v"));
  EXPECT_THAT(said({"SET v = :v", "--value", "v=N:1"}), HasSubstr(":NAME=VALUE"));
  EXPECT_THAT(said({"SET v = :v", "--value", ":v=1"}), HasSubstr("'1' is not a value"));
  EXPECT_THAT(said({"SET #v = :v", "--name", "#v", "--value", ":v=N:1"}), HasSubstr("#NAME=ATTRIBUTE"));
  EXPECT_EQ(run({"update", "music", sinnerman_key, "REMOVE v", "--return", "all"}), exit_code::usage);
  EXPECT_TRUE(cluster.item_requests.empty());
}

TEST_F(CommandLine, ConditionsMayBeExpressions) {
  have_music();
  run({"put", "music", sinnerman});
  EXPECT_EQ(run({"put", "music", sinnerman, "--if", "attribute_not_exists(artist)"}),
            exit_code::condition_failed);
  EXPECT_EQ(run({"delete", "music", sinnerman_key, "--if", "begins_with(song, :s)", "--value", ":s=S:Sin"}),
            exit_code::ok);
  EXPECT_EQ(run({"get", "music", sinnerman_key}), exit_code::not_found);
}

TEST_F(CommandLine, AScanListsTheTableAndItsFilterChooses) {
  have_music();
  for (const auto* song : {"1", "2", "3", "4", "5"})
    run({"put", "music", R"({"artist": {"S": "x"}, "song": {"S": ")" + std::string(song) + "\"}}"});
  EXPECT_EQ(run({"scan", "music"}), exit_code::ok);
  EXPECT_THAT(err.str(), HasSubstr("There are more")) << "a page has two items";
  EXPECT_EQ(run({"scan", "music", "--all-pages"}), exit_code::ok);
  auto lines = [&] {
    auto text = out.str();
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines(), 5);
  EXPECT_EQ(run({"scan", "music", "--all-pages", "--filter", "song > :s", "--value", ":s=S:2"}),
            exit_code::ok);
  EXPECT_EQ(lines(), 3);
  EXPECT_EQ(
      run({"scan", "music", "--all-pages", "--filter", "song > :s", "--value", ":s=S:2", "--limit", "2"}),
      exit_code::ok);
  EXPECT_EQ(lines(), 2) << "the limit is on what is listed";
  EXPECT_EQ(
      run({"query", "music", "--key", "S:x", "--all-pages", "--filter", "song <> :s", "--value", ":s=S:2"}),
      exit_code::ok);
  EXPECT_EQ(lines(), 4);
  run({"scan", "music", "--segments", "4", "--segment", "3"});
  EXPECT_EQ(cluster.item_requests.back().scan().segment(), 3u);
  EXPECT_EQ(cluster.item_requests.back().scan().segments(), 4u);
}

TEST_F(CommandLine, RoutersAndTimesAreGivenToTheSession) {
  have_music();
  run({"get", "music", sinnerman_key});
  EXPECT_EQ(cluster.opened_with.routers, (std::vector<client::endpoint>{{"127.0.0.1", 7101}}));
  EXPECT_EQ(cluster.opened_with.timeout.count(), 5'000);
  EXPECT_FALSE(cluster.opened_with.tls.enabled);
  run({"get", "music", sinnerman_key, "--at", "a:1,b:2", "--at", "[::1]:3", "--timeout", "250ms"});
  EXPECT_EQ(cluster.opened_with.routers, (std::vector<client::endpoint>{{"a", 1}, {"b", 2}, {"::1", 3}}));
  EXPECT_EQ(cluster.opened_with.timeout.count(), 250);
  EXPECT_LE(cluster.opened_with.reach, cluster.opened_with.timeout);
  run({"get", "--at", "a:1", "music", sinnerman_key});
  EXPECT_EQ(cluster.opened_with.routers, (std::vector<client::endpoint>{{"a", 1}}))
      << "options take no words of others";
  run({"get", "music", sinnerman_key, "--certificate", "c.pem", "--authority", "a.pem"});
  EXPECT_TRUE(cluster.opened_with.tls.enabled);
  EXPECT_EQ(cluster.opened_with.tls.authority, "a.pem");
  EXPECT_EQ(run({"get", "music", sinnerman_key, "--certificate", "c.pem"}), exit_code::usage);
  EXPECT_EQ(run({"get", "music", sinnerman_key, "--at", "nowhere"}), exit_code::usage);
  EXPECT_THAT(err.str(), HasSubstr("HOST:PORT"));
  EXPECT_EQ(run({"get", "music", sinnerman_key, "--timeout", "5"}), exit_code::usage);
  EXPECT_EQ(run({"get", "music", sinnerman_key, "--timeout", "31s"}), exit_code::usage);
}

TEST_F(CommandLine, OutputThatCannotBeWrittenIsAFailure) {
  have_music();
  run({"put", "music", sinnerman});
  CLI::App app;
  action chosen;
  std::ofstream full("/dev/full");
  terminal t{.in = &in, .out = &full, .err = &err};
  add_client_commands(app, t, chosen, [this](client::options) -> client::connection {
    return {std::make_unique<fake_session>(cluster), {}};
  });
  app.parse(std::vector<std::string>{sinnerman_key, "music", "get"});
  EXPECT_EQ(chosen(), exit_code::failed);
}

TEST_F(CommandLine, HelpTeachesWithExamples) {
  for (auto command :
       {"put", "get", "update", "delete", "query", "scan", "status", "handover", "heal", "scrub", "bench"}) {
    EXPECT_EQ(run({command, "--help"}), exit_code::ok);
    EXPECT_THAT(out.str(), HasSubstr("Example")) << command;
    EXPECT_THAT(out.str(), HasSubstr(std::string("troupe ") + command));
    EXPECT_THAT(out.str(), HasSubstr("--at"));
  }
  EXPECT_EQ(run({"table", "create", "--help"}), exit_code::ok);
  EXPECT_THAT(out.str(), HasSubstr("troupe table create users --key id:S"));
}

} // namespace
} // namespace troupe::commands
