// Backups and recovery at the gateway's door: what a request becomes for the cluster, and what is made of its
// answer.
#include "tests/unit/gateway/door.h"

using namespace troupe;
using namespace troupe::gateway::test;

namespace {

constexpr std::int64_t made_ms = 1'700'000'000'123;
const std::string arn =
    "arn:aws:dynamodb:local:000000000000:table/music/backup/01700000000123-00000000000000ff";
const std::string to_arn = R"({"BackupArn":")" + arn + "\"}";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

msg::AdminReply refusal(msg::Code code, const std::string& why = "why") {
  msg::AdminReply reply;
  *reply.mutable_status() = make_status(code, why);
  return reply;
}

msg::BackupRecord a_backup(bool available = true) {
  msg::BackupRecord backup;
  backup.set_id(0xff);
  backup.set_name("nightly");
  backup.set_created_ms(made_ms);
  backup.set_available(available);
  backup.mutable_figures()->set_items(12);
  backup.mutable_figures()->set_bytes(3456);
  auto& table = *backup.mutable_table();
  table.set_name("music");
  table.set_id(77);
  table.mutable_keys()->mutable_partition()->set_name("id");
  table.mutable_keys()->mutable_partition()->set_type(msg::KEY_TYPE_S);
  table.mutable_keys()->mutable_sort()->set_name("seq");
  table.mutable_keys()->mutable_sort()->set_type(msg::KEY_TYPE_N);
  table.mutable_options()->set_read_units(5);
  table.mutable_options()->set_write_units(6);
  auto& index = *table.mutable_options()->add_local_indexes();
  index.set_name("by_rank");
  index.mutable_sort()->set_name("rank");
  index.mutable_sort()->set_type(msg::KEY_TYPE_N);
  return backup;
}

// A cluster that answers every question with this, and remembers the last one.
struct said_cluster {
  explicit said_cluster(door& d, msg::AdminReply answer) {
    d.cluster->say_admin = [this, answer](const msg::AdminRequest& request) {
      last = request;
      ++asked;
      return std::optional(answer);
    };
  }
  msg::AdminRequest last;
  int asked = 0;
};

msg::AdminReply with_backup(const msg::BackupRecord& backup) {
  msg::AdminReply reply;
  *reply.add_backups() = backup;
  return reply;
}

// The cluster has that backup, and answers whatever is done with it so.
void answer_after_description(door& d, const msg::BackupRecord& backup, const msg::AdminReply& then) {
  d.cluster->say_admin = [=](const msg::AdminRequest& request) {
    return std::optional(request.has_describe_backup() ? with_backup(backup) : then);
  };
}

std::string recovery(const std::string& wish) {
  return R"({"TableName":"music","PointInTimeRecoverySpecification":{)" + wish + "}}";
}

const std::string create_music =
    R"({"TableName":"music","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"id",)"
    R"("AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]})";

} // namespace

TEST(backups, are_made_and_named_by_table_time_and_number) {
  door d;
  said_cluster cluster(d, with_backup(a_backup(false)));
  EXPECT_EQ(d.said("CreateBackup", R"({"TableName":"music","BackupName":"nightly"})"),
            R"(200 {"BackupDetails":{"BackupArn":")" + arn +
                R"(","BackupName":"nightly","BackupSizeBytes":3456,"BackupStatus":"CREATING",)"
                R"("BackupType":"USER","BackupCreationDateTime":1700000000.123}})");
  EXPECT_EQ(cluster.last.create_backup().table(), "music");
  EXPECT_EQ(cluster.last.create_backup().name(), "nightly");
}

TEST(backups, are_refused_in_words_of_their_own) {
  door d;
  const std::string wish = R"({"TableName":"music","BackupName":"nightly"})";
  said_cluster none(d, refusal(msg::TABLE_NOT_FOUND));
  EXPECT_EQ(d.said("CreateBackup", wish),
            dynamodb + R"(TableNotFoundException","message":"Table not found: music"})");
  said_cluster busy(d, refusal(msg::TABLE_IN_USE, "it comes or goes"));
  EXPECT_EQ(d.said("CreateBackup", wish), dynamodb + R"(TableInUseException","message":"it comes or goes"})");
  said_cluster bare(d, refusal(msg::UNSUPPORTED));
  EXPECT_TRUE(has(d.said("CreateBackup", wish), "ContinuousBackupsUnavailableException"));
  EXPECT_TRUE(has(d.said("CreateBackup", wish), "Backups have not yet been enabled for this table: why"));
  said_cluster full(d, refusal(msg::LIMIT_EXCEEDED));
  EXPECT_TRUE(has(d.said("CreateBackup", wish), "LimitExceededException"));
  said_cluster overloaded(d, refusal(msg::OVERLOADED));
  EXPECT_FALSE(has(d.said("CreateBackup", wish), "LimitExceededException")) << "no limit was reached";
  said_cluster away(d, refusal(msg::UNAVAILABLE));
  EXPECT_TRUE(has(d.said("CreateBackup", wish), "ServiceUnavailable"));
}

TEST(backups, are_described_with_the_table_as_it_was) {
  door d;
  said_cluster cluster(d, with_backup(a_backup()));
  const auto told = d.said("DescribeBackup", to_arn);
  for (const std::string part :
       {R"("BackupStatus":"AVAILABLE")", R"("SourceTableDetails":{"TableName":"music")",
        R"("TableArn":"arn:aws:dynamodb:local:000000000000:table/music")", R"("ItemCount":12)",
        R"("ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":6})",
        R"("BillingMode":"PROVISIONED")",
        R"("SourceTableFeatureDetails":{"LocalSecondaryIndexes":[{"IndexName":"by_rank")",
        R"("Projection":{"ProjectionType":"ALL"})"})
    EXPECT_TRUE(has(told, part)) << part << " in " << told;
  EXPECT_EQ(cluster.last.describe_backup().id(), 0xffu);
}

TEST(backups, are_found_only_under_their_whole_name) {
  door d;
  said_cluster cluster(d, with_backup(a_backup()));
  for (auto [before, after] :
       {std::pair("table/music", "table/books"), std::pair("01700000000123", "01700000000124"),
        std::pair("ff\"", "fg\""), std::pair("/backup/", "/bookup/")}) {
    auto other = to_arn;
    other.replace(other.find(before), std::string(before).size(), after);
    EXPECT_TRUE(has(d.said("DescribeBackup", other), "BackupNotFoundException")) << other;
  }
  said_cluster none(d, refusal(msg::TABLE_NOT_FOUND));
  EXPECT_EQ(d.said("DescribeBackup", to_arn),
            dynamodb + R"(BackupNotFoundException","message":"Backup not found: )" + arn + "\"}");
}

// The table "music" of another account, or region, may have one of the same time and number.
TEST(backups, of_other_accounts_and_regions_are_nobodys_here) {
  door d;
  said_cluster cluster(d, with_backup(a_backup()));
  for (auto [before, after] : {std::pair("000000000000", "123456789012"), std::pair(":local:", ":mars-1:")}) {
    auto foreign = arn;
    foreign.replace(foreign.find(before), std::string(before).size(), after);
    const auto denied = "is not authorized to perform: dynamodb:";
    const auto to_it = R"({"BackupArn":")" + foreign + R"("})";
    for (const std::string operation : {"DescribeBackup", "DeleteBackup"})
      EXPECT_TRUE(has(d.said(operation, to_it), denied + operation + " on resource: " + foreign));
    EXPECT_TRUE(has(
        d.said("RestoreTableFromBackup", R"({"TargetTableName":"again","BackupArn":")" + foreign + R"("})"),
        "AccessDeniedException"));
    EXPECT_TRUE(has(d.said("ListBackups", R"({"ExclusiveStartBackupArn":")" + foreign + R"("})"),
                    "AccessDeniedException"));
  }
  EXPECT_EQ(cluster.asked, 0) << "before anything else is looked at";
}

TEST(backups, are_deleted_when_they_are_whole) {
  door d;
  answer_after_description(d, a_backup(), {});
  EXPECT_TRUE(has(d.said("DeleteBackup", to_arn), R"("BackupStatus":"DELETED")"));
  answer_after_description(d, a_backup(false), refusal(msg::TABLE_IN_USE));
  EXPECT_TRUE(has(d.said("DeleteBackup", to_arn), "BackupInUseException"));
}

// The metadata leader changed after the first attempt, which had deleted it.
TEST(backups, that_are_gone_when_the_deletion_is_repeated_were_deleted) {
  door d;
  answer_after_description(d, a_backup(), refusal(msg::TABLE_NOT_FOUND));
  EXPECT_TRUE(has(d.said("DeleteBackup", to_arn), R"("BackupStatus":"DELETED")"));
  said_cluster none(d, refusal(msg::TABLE_NOT_FOUND));
  EXPECT_TRUE(has(d.said("DeleteBackup", to_arn), "BackupNotFoundException")) << "it was never there";
}

TEST(backups, are_listed_and_a_page_says_where_the_next_begins) {
  door d;
  auto page = with_backup(a_backup());
  page.set_last_backup(0xff);
  said_cluster cluster(d, page);
  const auto told =
      d.said("ListBackups", R"({"TableName":"music","Limit":1,"TimeRangeLowerBound":1700000000,)"
                            R"("TimeRangeUpperBound":1700000001.5,"ExclusiveStartBackupArn":")" +
                                arn + "\"}");
  EXPECT_TRUE(has(told, R"("LastEvaluatedBackupArn":")" + arn + "\"")) << told;
  EXPECT_TRUE(has(told, R"("BackupSummaries":[{"TableName":"music","TableId":")")) << told;
  const auto& asked = cluster.last.list_backups();
  EXPECT_EQ(asked.limit(), 1u);
  EXPECT_EQ(asked.from_ms(), 1'700'000'000'000);
  EXPECT_EQ(asked.before_ms(), 1'700'000'001'500);
  EXPECT_EQ(asked.after(), 0xffu);
  EXPECT_EQ(asked.after_ms(), made_ms);
  EXPECT_EQ(d.said("ListBackups", R"({"BackupType":"SYSTEM"})"), R"(200 {"BackupSummaries":[]})");
  EXPECT_TRUE(has(d.said("ListBackups", R"({"BackupType":"ANY"})"), "ValidationException"));
  EXPECT_TRUE(has(d.said("ListBackups", R"({"Limit":101})"), "ValidationException"));
  EXPECT_TRUE(has(d.said("ListBackups", R"({"TimeRangeLowerBound":"yesterday"})"), "SerializationException"));
}

TEST(recovery, is_turned_on_once_and_reaches_back_from_then_on) {
  door d;
  d.ask("CreateTable", create_music);
  EXPECT_TRUE(has(d.said("DescribeContinuousBackups", R"({"TableName":"music"})"),
                  R"("ContinuousBackupsStatus":"DISABLED","PointInTimeRecoveryDescription":)"
                  R"({"PointInTimeRecoveryStatus":"DISABLED"})"));
  const auto on = d.said("UpdateContinuousBackups", recovery(R"("PointInTimeRecoveryEnabled":true)"));
  EXPECT_TRUE(has(on, R"("PointInTimeRecoveryStatus":"ENABLED","RecoveryPeriodInDays":35)")) << on;
  const auto since = d.cluster->tables["music"].options().recovery_since_ms();
  EXPECT_EQ(since, d.cluster->now_ms) << "the cluster's clock, which judges restores, not this node's";
  d.ask("UpdateContinuousBackups", recovery(R"("PointInTimeRecoveryEnabled":true,"RecoveryPeriodInDays":3)"));
  EXPECT_EQ(d.cluster->tables["music"].options().recovery_since_ms(), since);
  EXPECT_EQ(d.cluster->tables["music"].options().recovery_days(), 3);
  d.ask("UpdateContinuousBackups", recovery(R"("PointInTimeRecoveryEnabled":false)"));
  EXPECT_EQ(d.cluster->tables["music"].options().recovery_since_ms(), 0);
}

TEST(recovery, reaches_no_further_back_than_its_days) {
  msg::AdminReply reply;
  auto& table = *reply.add_tables();
  table.mutable_options()->set_recovery_since_ms(made_ms);
  table.mutable_options()->set_recovery_days(2);
  reply.set_now_ms(made_ms + 1000);
  reply.set_restorable_ms(made_ms + 900);
  door d;
  said_cluster young(d, reply);
  EXPECT_TRUE(has(d.said("DescribeContinuousBackups", R"({"TableName":"music"})"),
                  R"("RecoveryPeriodInDays":2,"EarliestRestorableDateTime":1700000000.123,)"
                  R"("LatestRestorableDateTime":1700000001.023)"));
  reply.set_now_ms(made_ms + 3 * 86'400'000ll);
  said_cluster old(d, reply);
  EXPECT_TRUE(has(d.said("DescribeContinuousBackups", R"({"TableName":"music"})"),
                  R"("EarliestRestorableDateTime":1700086400.123)"));
}

TEST(recovery, is_refused_where_it_makes_no_sense) {
  door d;
  d.ask("CreateTable", create_music);
  for (const std::string wish : {R"("PointInTimeRecoveryEnabled":true,"RecoveryPeriodInDays":0)",
                                 R"("PointInTimeRecoveryEnabled":true,"RecoveryPeriodInDays":36)",
                                 R"("PointInTimeRecoveryEnabled":false,"RecoveryPeriodInDays":3)", ""})
    EXPECT_TRUE(has(d.said("UpdateContinuousBackups", recovery(wish)), "ValidationException")) << wish;
  EXPECT_TRUE(has(d.said("UpdateContinuousBackups", R"({"TableName":"music"})"), "ValidationException"));
  auto refuse = refusal(msg::UNSUPPORTED);
  d.cluster->say_admin = [&](const msg::AdminRequest& request) {
    return request.has_update_table() ? std::optional(refuse) : std::nullopt;
  };
  EXPECT_TRUE(has(d.said("UpdateContinuousBackups", recovery(R"("PointInTimeRecoveryEnabled":true)")),
                  "ContinuousBackupsUnavailableException"));
  EXPECT_TRUE(has(d.said("DescribeContinuousBackups", R"({"TableName":"books"})"),
                  R"(TableNotFoundException","message":"Table not found: books")"));
}

namespace {

std::string restored(const std::string& more = {}) {
  return R"({"TargetTableName":"again","BackupArn":")" + arn + "\"" + more + "}";
}
std::string restored_to(const std::string& more) {
  return R"({"TargetTableName":"again","SourceTableName":"music",)" + more + "}";
}
const std::string at_latest = R"("UseLatestRestorableTime":true)";

// The cluster makes a table as it is told, and the gateway is told of it.
msg::AdminReply ordered(bool from_backup) {
  msg::AdminReply reply;
  auto& table = *reply.add_tables();
  table.set_name("again");
  table.set_state(msg::TABLE_CREATING);
  auto& from = *table.mutable_restore();
  from.set_table("music");
  from.set_as_of_ms(made_ms);
  if (from_backup)
    from.set_backup(0xff);
  return reply;
}

// One that has the backup and the table "music", with recovery on since the backup was made, and remembers
// what was ordered.
struct restoring_cluster {
  restoring_cluster(door& d, msg::AdminReply answer) {
    table = a_backup().table();
    table.set_state(msg::TABLE_ACTIVE);
    table.mutable_options()->set_recovery_since_ms(made_ms);
    d.cluster->say_admin = [this,
                            answer](const msg::AdminRequest& request) -> std::optional<msg::AdminReply> {
      if (request.has_describe_backup())
        return with_backup(backup);
      if (request.has_restore_table()) {
        last = request.restore_table();
        return answer;
      }
      msg::AdminReply reply;
      *reply.add_tables() = table;
      reply.set_now_ms(made_ms + 60'000);
      return reply;
    };
  }
  msg::BackupRecord backup = a_backup();
  msg::TableRecord table;
  msg::RestoreTable last;
};

} // namespace

TEST(restores, from_a_backup_make_a_table_like_its_source) {
  door d;
  restoring_cluster cluster(d, ordered(true));
  const auto told = d.said("RestoreTableFromBackup", restored());
  EXPECT_TRUE(has(told, R"("TableStatus":"CREATING")")) << told;
  EXPECT_TRUE(has(told, R"("RestoreSummary":{"SourceBackupArn":")" + arn +
                            R"(","SourceTableArn":"arn:aws:dynamodb:local:000000000000:table/music",)"
                            R"("RestoreDateTime":1700000000.123,"RestoreInProgress":true})"))
      << told;
  EXPECT_EQ(cluster.last.target(), "again");
  EXPECT_EQ(cluster.last.backup(), 0xffu);
  EXPECT_EQ(cluster.last.options().read_units(), 5);
  EXPECT_EQ(cluster.last.options().local_indexes_size(), 1);
}

TEST(restores, from_a_backup_are_refused_in_words_of_their_own) {
  door d;
  restoring_cluster taken(d, refusal(msg::TABLE_EXISTS));
  EXPECT_EQ(d.said("RestoreTableFromBackup", restored()),
            dynamodb + R"(TableAlreadyExistsException","message":"Table already exists: again"})");
  restoring_cluster coming(d, refusal(msg::TABLE_IN_USE, "again is being deleted"));
  EXPECT_EQ(d.said("RestoreTableFromBackup", restored()),
            dynamodb + R"(TableInUseException","message":"again is being deleted"})");
  restoring_cluster gone(d, refusal(msg::TABLE_NOT_FOUND));
  EXPECT_TRUE(has(d.said("RestoreTableFromBackup", restored()), "BackupNotFoundException"));
  restoring_cluster busy(d, refusal(msg::LIMIT_EXCEEDED));
  EXPECT_TRUE(has(d.said("RestoreTableFromBackup", restored()), "LimitExceededException"));
  restoring_cluster young(d, ordered(true));
  young.backup.set_available(false);
  EXPECT_TRUE(has(d.said("RestoreTableFromBackup", restored()), "BackupInUseException"));
  EXPECT_TRUE(has(d.said("RestoreTableFromBackup", R"({"TargetTableName":"no","BackupArn":")" + arn + "\"}"),
                  "ValidationException"));
}

TEST(restores, may_have_other_throughput_encryption_and_fewer_indexes) {
  door d;
  restoring_cluster cluster(d, ordered(true));
  d.ask("RestoreTableFromBackup",
        restored(R"(,"BillingModeOverride":"PAY_PER_REQUEST",)"
                 R"("LocalSecondaryIndexOverride":[],"GlobalSecondaryIndexOverride":[],)"
                 R"("SSESpecificationOverride":{"Enabled":true})"));
  EXPECT_TRUE(cluster.last.options().on_demand());
  EXPECT_EQ(cluster.last.options().read_units(), 0);
  EXPECT_EQ(cluster.last.options().local_indexes_size(), 0);
  EXPECT_TRUE(cluster.last.options().sse());
  d.ask("RestoreTableFromBackup",
        restored(R"(,"ProvisionedThroughputOverride":{"ReadCapacityUnits":9,"WriteCapacityUnits":8},)"
                 R"("LocalSecondaryIndexOverride":[{"IndexName":"by_rank","KeySchema":[)"
                 R"({"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"rank","KeyType":"RANGE"}],)"
                 R"("Projection":{"ProjectionType":"ALL"}}])"));
  EXPECT_EQ(cluster.last.options().read_units(), 9);
  EXPECT_EQ(cluster.last.options().local_indexes_size(), 1);
}

TEST(restores, are_refused_what_they_cannot_be_otherwise) {
  door d;
  restoring_cluster cluster(d, ordered(true));
  for (
      const std::string more :
      {R"(,"GlobalSecondaryIndexOverride":[{"IndexName":"global"}])", R"(,"OnDemandThroughputOverride":{})",
       R"(,"LocalSecondaryIndexOverride":[{"IndexName":"another"}])",
       R"(,"LocalSecondaryIndexOverride":[{"IndexName":"by_rank","Projection":{"ProjectionType":"KEYS_ONLY"}}])",
       R"(,"BillingModeOverride":"FREE")",
       R"(,"BillingModeOverride":"PAY_PER_REQUEST","ProvisionedThroughputOverride":)"
       R"({"ReadCapacityUnits":9,"WriteCapacityUnits":8})"})
    EXPECT_TRUE(has(d.said("RestoreTableFromBackup", restored(more)), "ValidationException")) << more;
  EXPECT_EQ(cluster.last.target(), "") << "nothing was ordered";
}

TEST(restores, to_a_time_reach_as_far_back_as_recovery_does_and_not_into_the_future) {
  door d;
  restoring_cluster cluster(d, ordered(false));
  auto at = [](const std::string& seconds) { return restored_to(R"("RestoreDateTime":)" + seconds); };
  EXPECT_TRUE(
      has(d.said("RestoreTableToPointInTime", at("1700000030")), R"("RestoreSummary":{"SourceTableArn")"));
  EXPECT_EQ(cluster.last.time_ms(), 1'700'000'030'000);
  EXPECT_EQ(cluster.last.table(), "music");
  EXPECT_EQ(cluster.last.table_id(), 77u);
  EXPECT_TRUE(has(d.said("RestoreTableToPointInTime", at("1700000000")), "200"))
      << "the second in which it was turned on";
  for (const auto* when : {"1699999999", "1700000061", "1"})
    EXPECT_TRUE(has(d.said("RestoreTableToPointInTime", at(when)), "InvalidRestoreTimeException")) << when;
  d.ask("RestoreTableToPointInTime", restored_to(at_latest));
  EXPECT_EQ(cluster.last.time_ms(), 0);
  EXPECT_TRUE(has(d.said("RestoreTableToPointInTime",
                         R"({"TargetTableName":"again","UseLatestRestorableTime":true,"SourceTableArn":)"
                         R"("arn:aws:dynamodb:local:000000000000:table/music"})"),
                  "200"));
}

TEST(restores, to_a_time_are_refused_in_words_of_their_own) {
  door d;
  restoring_cluster cluster(d, ordered(false));
  cluster.table.mutable_options()->clear_recovery_since_ms();
  EXPECT_EQ(d.said("RestoreTableToPointInTime", restored_to(at_latest)),
            dynamodb + R"(PointInTimeRecoveryUnavailableException","message":"Point in time recovery is not )"
                       R"(enabled for table 'music'"})");
  cluster.table.set_state(msg::TABLE_DELETING);
  EXPECT_TRUE(has(d.said("RestoreTableToPointInTime", restored_to(at_latest)), "TableInUseException"));
  restoring_cluster taken(d, refusal(msg::TABLE_EXISTS));
  EXPECT_TRUE(
      has(d.said("RestoreTableToPointInTime", restored_to(at_latest)), "TableAlreadyExistsException"));
  restoring_cluster going(d, refusal(msg::TABLE_IN_USE, "music is being deleted"));
  EXPECT_EQ(d.said("RestoreTableToPointInTime", restored_to(at_latest)),
            dynamodb + R"(TableInUseException","message":"music is being deleted"})")
      << "the source went between the question and the order";
  said_cluster none(d, refusal(msg::TABLE_NOT_FOUND));
  EXPECT_TRUE(has(d.said("RestoreTableToPointInTime", restored_to(at_latest)),
                  R"(TableNotFoundException","message":"Table not found: music")"));
  for (const auto& wish :
       {restored_to(R"("RestoreDateTime":1700000030,)" + at_latest), restored_to(R"("Other":1)"),
        std::string(R"({"TargetTableName":"again","UseLatestRestorableTime":true})"),
        std::string(
            R"({"TargetTableName":"again","UseLatestRestorableTime":true,"SourceTableArn":"nothing"})")})
    EXPECT_TRUE(has(d.said("RestoreTableToPointInTime", wish), "ValidationException")) << wish;
}
