#include "storage/archive/open.h"
#include "tests/unit/storage/fixtures.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace troupe::testing {

using namespace troupe::storage;

namespace {

config::archive_settings in(const std::string& directory, const std::string& prefix = "") {
  config::archive_settings where;
  where.directory = directory;
  where.prefix = prefix;
  return where;
}

} // namespace

TEST(OpenArchive, AnEmptyPlaceIsNotTakenForTheArchiveUnlessItIsToBeMade) {
  temporary_directory dir;
  auto place = dir.file("archive");
  auto as_it_is = open_archive(in(place), archive_use::as_it_is);
  ASSERT_TRUE(as_it_is);
  EXPECT_EQ((*as_it_is)->put("a", "x").error().code, code::io);
  ASSERT_TRUE(open_archive(in(place), archive_use::make));
  EXPECT_TRUE((*as_it_is)->put("a", "x"));
}

TEST(OpenArchive, ThePrefixIsAFolderThatNobodyInsideSees) {
  temporary_directory dir;
  auto whole = open_archive(in(dir.file("archive")), archive_use::make);
  auto part = open_archive(in(dir.file("archive"), "east"), archive_use::make);
  ASSERT_TRUE(whole && part);
  ASSERT_TRUE((*part)->put("g/1", "one"));
  ASSERT_TRUE((*part)->put("g/2", "two"));
  ASSERT_TRUE((*whole)->put("g/3", "three"));
  EXPECT_EQ(*(*whole)->get("east/g/1", 10), "one");
  EXPECT_EQ(*(*part)->get_range("g/2", 1, 2), "wo");
  EXPECT_EQ(*(*part)->head("g/1"), 3u);
  auto all = (*part)->list("g/", "", 10);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->objects.size(), 2u);
  EXPECT_EQ(all->objects[0].name, "g/1");
  auto behind = (*part)->list("g/", "g/1", 10);
  ASSERT_TRUE(behind);
  ASSERT_EQ(behind->objects.size(), 1u);
  EXPECT_EQ(behind->objects[0].name, "g/2");
  ASSERT_TRUE((*part)->remove("g/1"));
  EXPECT_EQ((*part)->get("g/1", 10).error().code, code::missing);
}

TEST(OpenArchive, KeysAreThoseOfTheFirstSectionThatHasBoth) {
  auto keys = read_service_keys("# people\n[half]\naws_access_key_id = A\n\n[whole]\n aws_access_key_id=B\r\n"
                                "aws_secret_access_key = c/d+e=\naws_session_token = t\nregion = x\n[next]\n"
                                "aws_access_key_id = F\naws_secret_access_key = g\n",
                                "keys");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->access_key, "B");
  EXPECT_EQ(keys->secret, "c/d+e=");
  EXPECT_EQ(keys->session_token, "t");
  EXPECT_EQ(read_service_keys("[half]\naws_access_key_id = A\n", "keys").error().code, code::refused);
}

TEST(OpenArchive, AKeysFileThatOthersMayReadIsRefused) {
  temporary_directory dir;
  config::archive_settings where;
  where.bucket = "b";
  where.credentials = dir.file("keys.ini");
  std::ofstream(where.credentials) << "[s]\naws_access_key_id = A\naws_secret_access_key = B\n";
  namespace fs = std::filesystem;
  fs::permissions(where.credentials, fs::perms::owner_read | fs::perms::group_read);
  EXPECT_EQ(open_archive(where, archive_use::as_it_is).error().code, code::refused);
  fs::permissions(where.credentials, fs::perms::owner_read);
  EXPECT_TRUE(open_archive(where, archive_use::as_it_is));
  where.credentials = dir.file("none.ini");
  EXPECT_EQ(open_archive(where, archive_use::as_it_is).error().code, code::refused);
}

TEST(OpenArchive, PeopleAreToldWhereItIs) {
  config::archive_settings where;
  where.bucket = "b";
  where.region = "eu-central-1";
  EXPECT_EQ(place_of(where), "https://s3.eu-central-1.amazonaws.com/b");
  where.endpoint = "http://127.0.0.1:9000";
  where.prefix = "east";
  EXPECT_EQ(place_of(where), "http://127.0.0.1:9000/b/east");
  EXPECT_EQ(place_of(in("/mnt/archive")), "/mnt/archive");
}

} // namespace troupe::testing
