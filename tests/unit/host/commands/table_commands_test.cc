// Tables, the overview of the cluster, and hand-over.
#include "actors/host/commands/json_writer.h"
#include "actors/host/commands/overview.h"
#include "actors/host/commands/table.h"
#include "actors/wire/mail.h"
#include "tests/unit/host/commands/command_line.h"
#include <gmock/gmock.h>

namespace troupe::commands {
namespace {

using testing::HasSubstr;

TEST_F(CommandLine, ATableIsCreatedAndWaitedFor) {
  EXPECT_EQ(run({"table", "create", "music", "--key", "artist:S", "--key", "year:N", "--partitions", "12"}),
            exit_code::ok);
  EXPECT_EQ(out.str(), "");
  const auto& request = cluster.admin_requests.front().create_table();
  EXPECT_EQ(request.name(), "music");
  EXPECT_EQ(request.partitions(), 12u);
  EXPECT_EQ(request.keys().partition().name(), "artist");
  EXPECT_EQ(request.keys().partition().type(), msg::KEY_TYPE_S);
  EXPECT_EQ(request.keys().sort().name(), "year");
  EXPECT_EQ(request.keys().sort().type(), msg::KEY_TYPE_N);
  EXPECT_EQ(cluster.tables["music"].state(), msg::TABLE_ACTIVE)
      << "the next line of a script may write to it";
  EXPECT_EQ(run({"table", "create", "music", "--key", "artist:S"}), exit_code::refused);
  EXPECT_THAT(err.str(), HasSubstr("already exists"));
}

TEST_F(CommandLine, PeopleAreToldThatATableIsThere) {
  person = true;
  EXPECT_EQ(run({"table", "create", "users", "--key", "id:B"}), exit_code::ok);
  EXPECT_EQ(out.str(), "table users is active: 1 partition\n");
  EXPECT_FALSE(cluster.admin_requests.front().create_table().keys().has_sort());
}

TEST_F(CommandLine, KeysThatAreNotUnderstoodAreRefused) {
  EXPECT_EQ(run({"table", "create", "users", "--key", "id"}), exit_code::usage);
  EXPECT_EQ(run({"table", "create", "users", "--key", "id:X"}), exit_code::usage);
  EXPECT_THAT(err.str(), HasSubstr("pk:S"));
  EXPECT_EQ(run({"table", "create", "users", "--key", ":S"}), exit_code::usage);
  EXPECT_EQ(run({"table", "create", "users"}), exit_code::usage);
  EXPECT_EQ(run({"table", "create", "users", "--key", "a:S", "--key", "b:S", "--key", "c:S"}),
            exit_code::usage);
  EXPECT_EQ(run({"table"}), exit_code::usage);
  EXPECT_TRUE(cluster.admin_requests.empty());
}

TEST_F(CommandLine, TablesAreListedOverAllPages) {
  for (auto name : {"a", "b", "c", "d", "e"})
    run({"table", "create", name, "--key", "pk:S"});
  EXPECT_EQ(run({"table", "list"}), exit_code::ok);
  EXPECT_EQ(out.str(), "a\nb\nc\nd\ne\n");
  person = true;
  EXPECT_EQ(run({"table", "list"}), exit_code::ok);
  EXPECT_EQ(out.str().substr(0, out.str().find("b ")), "TABLE  KEYS  STATE\na      pk:S  active\n");
  EXPECT_EQ(run({"table", "list", "--json"}), exit_code::ok);
  EXPECT_THAT(out.str(), HasSubstr(R"("name": "e")"));
}

TEST_F(CommandLine, ATableIsDescribed) {
  have_music();
  EXPECT_EQ(run({"table", "describe", "music"}), exit_code::ok);
  EXPECT_EQ(out.str(), "table  music\n"
                       "keys   artist:S song:S\n"
                       "state  active\n"
                       "items  1234, 5.0 MiB\n"
                       "\n"
                       "PARTITION  FROM HASH  TO HASH           MEMBERS\n"
                       "        7  start      8000000000000000  n1 n2 n3\n");
  EXPECT_EQ(run({"table", "describe", "music", "--json"}), exit_code::ok);
  EXPECT_THAT(out.str(), AllOf(HasSubstr(R"("group": 7)"), HasSubstr(R"("items": 1234)")));
  EXPECT_EQ(run({"table", "describe", "nothing"}), exit_code::not_found);
}

TEST_F(CommandLine, ATableIsDeleted) {
  have_music();
  EXPECT_EQ(run({"table", "delete", "music"}), exit_code::ok);
  EXPECT_TRUE(cluster.tables.empty());
  EXPECT_EQ(run({"table", "delete", "music"}), exit_code::not_found);
}

TEST_F(CommandLine, APartitionIsHandedOver) {
  EXPECT_EQ(run({"handover", "12", "--to", "n2"}), exit_code::ok);
  EXPECT_EQ(cluster.admin_requests.back().hand_over().group(), 12u);
  EXPECT_EQ(cluster.admin_requests.back().hand_over().to_node(), "n2");
  EXPECT_EQ(run({"handover", "x"}), exit_code::usage);
}

// --- the overview
// --------------------------------------------------------------------------------------------

msg::AdminReply three_nodes() {
  msg::AdminReply reply;
  reply.set_now_ms(1'000'000'000);
  auto& table = *reply.add_tables();
  table.set_name("music");
  table.set_state(msg::TABLE_ACTIVE);
  table.mutable_keys()->mutable_partition()->set_name("artist");
  table.mutable_keys()->mutable_partition()->set_type(msg::KEY_TYPE_S);
  auto& partition = *reply.add_partitions();
  partition.set_group(2);
  partition.set_table("music");
  partition.mutable_configuration()->set_epoch(1);
  for (int i = 1; i <= 3; ++i) {
    auto& node = *reply.add_nodes();
    node.set_node("n" + std::to_string(i));
    node.set_zone(std::string("zone-") + static_cast<char>('a' + i - 1));
    node.set_address("127.0.0.1:710" + std::to_string(i));
    node.set_version("0.1.0");
    node.set_started_ms(1'000'000'000 - 600'000);
    node.set_disk_used_bytes(3u << 20);
    node.set_disk_free_bytes(20ull << 30);
    node.set_heard_ms_ago(100);
    auto& member = *partition.mutable_configuration()->add_members();
    member.set_node(node.node());
    member.set_zone(node.zone());
    for (auto group : {wire::metadata_group, std::uint64_t{2}}) {
      auto& replica = *node.add_replicas();
      replica.set_group(group);
      replica.set_leads(static_cast<std::uint64_t>(i) == group);
      replica.set_serving(replica.leads());
      replica.set_commit(120);
      replica.set_applied(120);
      replica.set_epoch(1);
      replica.set_items_bytes(group == 2 ? 1'500'000 : 9'000);
      replica.set_items(replica.leads() ? 1'500 : 1'400);
    }
  }
  return reply;
}

TEST_F(CommandLine, StatusOfAHealthyClusterFitsOnAScreen) {
  cluster.cluster = three_nodes();
  EXPECT_EQ(run({"status"}), exit_code::ok);
  EXPECT_EQ(out.str(),
            "All is well: 3 of 3 nodes in 3 zones, 1 table, 2 of 2 partitions with a leader\n"
            "\n"
            "NODE  ZONE    ADDRESS         STATE  REPLICAS  LEADS  LAG     USED    FREE      UP  VERSION\n"
            "n1    zone-a  127.0.0.1:7101  ok            2      1    0  3.0 MiB  20 GiB  10 min  0.1.0\n"
            "n2    zone-b  127.0.0.1:7102  ok            2      1    0  3.0 MiB  20 GiB  10 min  0.1.0\n"
            "n3    zone-c  127.0.0.1:7103  ok            2      0    0  3.0 MiB  20 GiB  10 min  0.1.0\n"
            "\n"
            "TABLE  KEYS      STATE   PARTITIONS  HEALTHY  ITEMS     SIZE\n"
            "music  artist:S  active           1        1   1500  1.4 MiB\n"
            "\n"
            "PARTITION  TABLE       LEADER  MEMBERS   COMMIT  LAG     SIZE  STATE\n"
            "        1  (metadata)  n1      n1 n2 n3     120    0  8.8 KiB  ok\n"
            "        2  music       n2      n1 n2 n3     120    0  1.4 MiB  ok\n");
}

TEST_F(CommandLine, StatusSaysWhatIsNotWell) {
  cluster.cluster = three_nodes();
  cluster.cluster.mutable_nodes(1)->set_heard_ms_ago(12'000);
  cluster.cluster.mutable_nodes(2)->set_full(true);
  cluster.cluster.mutable_nodes(2)->add_troubles("the disk has 1 MiB left");
  cluster.cluster.mutable_nodes(0)->mutable_replicas(1)->set_lag(17);
  EXPECT_EQ(run({"status"}), exit_code::ok);
  EXPECT_THAT(
      out.str(),
      HasSubstr("Not all is well: 2 of 3 nodes in 3 zones, 1 table, 1 of 2 partitions with a leader"));
  EXPECT_THAT(out.str(), HasSubstr("silent for 12 s"));
  EXPECT_THAT(out.str(), HasSubstr("disk full"));
  EXPECT_THAT(out.str(), HasSubstr("n3: the disk has 1 MiB left"));
  EXPECT_THAT(out.str(), HasSubstr("n1 n2! n3"));
  EXPECT_THAT(out.str(), HasSubstr("no leader"));
  EXPECT_THAT(out.str(), HasSubstr("partition 2 on n2: its node is not heard of"));
  auto seen = make_overview(cluster.cluster);
  EXPECT_FALSE(seen.healthy());
  EXPECT_EQ(seen.partitions[1].lag, 17u);
  EXPECT_EQ(seen.partitions[0].state(), "2 of 3 members");
}

TEST_F(CommandLine, HealShowsHowFarPartitionsAreAndWatchesUntilTheyAreWhole) {
  cluster.cluster = three_nodes();
  EXPECT_EQ(run({"heal"}), exit_code::ok);
  EXPECT_EQ(out.str(), "Every partition is whole\n");

  auto ailing = three_nodes();
  auto& rebuilt = *ailing.mutable_healing()->add_groups();
  rebuilt.set_group(2);
  rebuilt.set_table("music");
  rebuilt.set_step(msg::AilingGroup::REBUILDING);
  rebuilt.set_node("n4");
  rebuilt.set_sound_voters(3);
  rebuilt.set_bytes(4u << 20);
  rebuilt.set_bytes_total(10u << 20);
  rebuilt.set_ailing_ms(65'000);
  rebuilt.set_why("an item store is missing");
  cluster.cluster = ailing;
  EXPECT_EQ(run({"heal"}), exit_code::ok);
  EXPECT_THAT(out.str(), HasSubstr("[########............]  40 %"));
  EXPECT_THAT(out.str(), HasSubstr("an item store is missing"));
  EXPECT_THAT(out.str(), HasSubstr("  65 s  "));
  EXPECT_THAT(out.str(), HasSubstr("4.0 MiB of 10 MiB"));

  EXPECT_EQ(run({"heal", "--json"}), exit_code::ok);
  EXPECT_THAT(out.str(), HasSubstr("\"whole\": false"));
  EXPECT_THAT(out.str(), HasSubstr("\"ailing_ms\": 65000"));

  cluster.clusters_after = {ailing, three_nodes()};
  EXPECT_EQ(run({"heal", "--watch", "--every", "1ms"}), exit_code::ok);
  EXPECT_TRUE(cluster.clusters_after.empty()) << "asked until it is whole, and no more";
  EXPECT_THAT(out.str(), testing::EndsWith("\nEvery partition is whole\n"));
  EXPECT_EQ(run({"heal", "--watch", "--every", "soon"}), exit_code::usage);
}

TEST_F(CommandLine, HealStopsAndGoesOnAndSaysWhoStoppedItAndWhy) {
  cluster.cluster = three_nodes();
  auto& pause = *cluster.cluster.mutable_healing()->mutable_pause();
  pause.set_since_ms(cluster.cluster.now_ms() - 65'000);
  pause.set_who("ada@desk");
  pause.set_why("moving rack 4");
  EXPECT_EQ(run({"heal", "--pause", "--who", "ada@desk", "--why", "moving rack 4"}), exit_code::ok);
  const auto& asked = cluster.admin_requests.front().pause_healing();
  EXPECT_FALSE(asked.resume());
  EXPECT_EQ(asked.who(), "ada@desk");
  EXPECT_EQ(asked.why(), "moving rack 4");
  EXPECT_THAT(out.str(), HasSubstr("Healing was stopped 65 s ago by ada@desk: moving rack 4"));
  EXPECT_EQ(run({"status"}), exit_code::ok);
  EXPECT_THAT(out.str(), HasSubstr("Healing was stopped 65 s ago by ada@desk: moving rack 4"));
  EXPECT_EQ(run({"heal", "--json"}), exit_code::ok);
  EXPECT_THAT(out.str(), HasSubstr(R"("who": "ada@desk")"));

  cluster.cluster.mutable_healing()->clear_pause();
  cluster.admin_requests.clear();
  EXPECT_EQ(run({"heal", "--resume"}), exit_code::ok);
  EXPECT_TRUE(cluster.admin_requests.front().pause_healing().resume());
  EXPECT_NE(cluster.admin_requests.front().pause_healing().who(), "") << "somebody ran the command";
  EXPECT_EQ(out.str(), "Every partition is whole\n");
  EXPECT_EQ(run({"heal", "--json"}), exit_code::ok);
  EXPECT_THAT(out.str(), HasSubstr(R"("healing_paused": null)"));
  EXPECT_EQ(run({"heal", "--pause", "--resume"}), exit_code::usage);
}

TEST(Overview, TheNewestLeaderIsTheLeader) {
  auto reply = three_nodes();
  auto old_leader = reply.mutable_nodes(0)->mutable_replicas(1);
  old_leader->set_leads(true);
  old_leader->set_serving(true);
  old_leader->mutable_ballot()->set_round(3);
  reply.mutable_nodes(1)->mutable_replicas(1)->mutable_ballot()->set_round(4);
  EXPECT_EQ(make_overview(reply).partitions[1].leader, "n2");
}

// It has no table, so its leader alone says who belongs to it.
TEST(Overview, MembersOfTheMetadataGroupThatSayNothingAreShown) {
  auto reply = three_nodes();
  auto& leader = *reply.mutable_nodes(0)->mutable_replicas(0);
  ASSERT_EQ(leader.group(), 1u);
  leader.mutable_configuration()->set_epoch(4);
  for (const auto* node : {"n1", "n3", "n9"})
    leader.mutable_configuration()->add_members()->set_node(node);
  leader.mutable_configuration()->mutable_members(1)->set_kind(msg::LEARNER);
  auto seen = make_overview(reply).partitions[0];
  ASSERT_EQ(seen.members.size(), 3u);
  EXPECT_EQ(seen.members[1].kind, msg::LEARNER);
  EXPECT_EQ(seen.members[2].node, "n9");
  EXPECT_EQ(seen.members[2].trouble, "its node is not heard of");
}

TEST(Overview, ANodeThatWasNeverHeardOfIsShown) {
  auto reply = three_nodes();
  auto& silent = *reply.add_nodes();
  silent.set_node("n4");
  silent.set_zone("zone-a");
  silent.set_heard_ms_ago(-1);
  auto seen = make_overview(reply);
  EXPECT_EQ(seen.nodes[1].name, "n4") << "by zone, then by name";
  EXPECT_EQ(seen.nodes[1].state(), "not heard of");
}

TEST(Overview, OfManyPartitionsOnlyTheSickAreListed) {
  auto reply = three_nodes();
  for (std::uint64_t group = 3; group < 100; ++group) {
    auto& partition = *reply.add_partitions();
    partition.set_group(group);
    partition.set_table("music");
    for (int i = 0; i < 3; ++i) {
      partition.mutable_configuration()->add_members()->set_node(reply.nodes(i).node());
      auto& replica = *reply.mutable_nodes(i)->add_replicas();
      replica.set_group(group);
      replica.set_leads(i == 0 && group != 50);
      replica.set_serving(replica.leads());
    }
  }
  terminal plain;
  auto seen = make_overview(reply);
  EXPECT_EQ(seen.partitions.size(), 99u);
  auto brief = to_text(seen, plain, false);
  EXPECT_THAT(brief, HasSubstr("\n       50  music"));
  EXPECT_THAT(brief, testing::Not(HasSubstr("\n       51  music")));
  EXPECT_THAT(brief, HasSubstr("98 healthy partitions not listed"));
  EXPECT_THAT(to_text(seen, plain, true), HasSubstr("\n       51  music"));
}

TEST_F(CommandLine, StatusForPrograms) {
  cluster.cluster = three_nodes();
  EXPECT_EQ(run({"status", "--json"}), exit_code::ok);
  for (auto field :
       {R"("healthy": true)", R"("name": "n1")", R"("group": 2)", R"("leader": "n2")", R"("lag": 0)",
        R"("disk_free_bytes": 21474836480)", R"("table": "music")", R"("keys": "artist:S")"})
    EXPECT_THAT(out.str(), HasSubstr(field));
}

TEST(TextTable, ColumnsAreAsWideAsTheirWidestCell) {
  text_table table({{"NAME"}, {"N", true}, {"END"}});
  table.add({"a", "1", "x"});
  table.add({"längst", "1000", ""});
  table.add({"evil\n\x1b[2J", "2", "y"});
  EXPECT_EQ(table.text({}), "NAME                N  END\n"
                            "a                   1  x\n"
                            "längst           1000\n"
                            "evil\\x0a\\x1b[2J     2  y\n");
}

TEST(TextTable, ColoursDoNotCountAsWidth) {
  terminal t;
  t.colour = true;
  text_table table({{"A"}, {"B"}});
  table.add({{"x", tone::good}, "y"});
  EXPECT_EQ(table.text(t), "\x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m\n\x1b[32mx\x1b[0m  y\n");
}

TEST(People, SizesAndAgesHaveThreeDigitsAtMost) {
  EXPECT_EQ(people_size(0), "0 B");
  EXPECT_EQ(people_size(999), "999 B");
  EXPECT_EQ(people_size(1'000), "1.0 KiB");
  EXPECT_EQ(people_size(1'536), "1.5 KiB");
  EXPECT_EQ(people_size(12ull << 30), "12 GiB");
  EXPECT_EQ(people_size(~0ull), "16384 PiB");
  EXPECT_EQ(people_age(-5), "0 s");
  EXPECT_EQ(people_age(119'999), "119 s");
  EXPECT_EQ(people_age(120'000), "2 min");
  EXPECT_EQ(people_age(7'200'000), "2 h");
  EXPECT_EQ(people_age(200'000'000), "2 d");
}

TEST(JsonWriter, NestsAndEscapes) {
  json_writer json;
  json.begin_object().key("a\"b").text("x\n").key("list").begin_array().number(1).begin_object().end_object();
  json.boolean(true).end_array().key("none").begin_array().end_array().key("nil").null().end_object();
  EXPECT_EQ(json.result(), "{\n"
                           "  \"a\\\"b\": \"x\\n\",\n"
                           "  \"list\": [\n"
                           "    1,\n"
                           "    {},\n"
                           "    true\n"
                           "  ],\n"
                           "  \"none\": [],\n"
                           "  \"nil\": null\n"
                           "}");
}

} // namespace
} // namespace troupe::commands
