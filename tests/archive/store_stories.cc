#include "store_stories.h"
#include <algorithm>
#include <string>
#include <vector>

namespace troupe::testing {

using storage::code;
using storage::put_outcome;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectStore);

namespace {

std::string many_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::uint32_t x = 1;
  for (auto& b : bytes)
    b = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  return bytes;
}

std::vector<std::string> names_of(const storage::object_page& page) {
  std::vector<std::string> names;
  for (auto& one : page.objects)
    names.push_back(one.name);
  return names;
}

} // namespace

TEST_P(ObjectStore, GivesBackWhatWasPut) {
  for (std::size_t size : {0ul, 1ul, 4096ul, 3'000'000ul}) {
    auto name = "some/place/" + std::to_string(size);
    auto bytes = many_bytes(size);
    auto put = store.put(name, bytes);
    ASSERT_TRUE(put) << put.error().text;
    EXPECT_EQ(*put, put_outcome::stored);
    auto got = store.get(name, size);
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ(*got, bytes);
    auto length = store.head(name);
    ASSERT_TRUE(length) << length.error().text;
    EXPECT_EQ(*length, size);
  }
}

TEST_P(ObjectStore, LeavesWhatIsThereAsItIs) {
  ASSERT_TRUE(store.put("a/b", "first"));
  auto again = store.put("a/b", "second");
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(*again, put_outcome::exists);
  EXPECT_EQ(*store.get("a/b", 100), "first");
}

TEST_P(ObjectStore, GivesParts) {
  auto bytes = many_bytes(10'000);
  ASSERT_TRUE(store.put("whole", bytes));
  auto part = store.get_range("whole", 100, 50);
  ASSERT_TRUE(part) << part.error().text;
  EXPECT_EQ(*part, bytes.substr(100, 50));
  part = store.get_range("whole", 9'990, 100);
  ASSERT_TRUE(part) << part.error().text;
  EXPECT_EQ(*part, bytes.substr(9'990));
  part = store.get_range("whole", 10'000, 100);
  ASSERT_TRUE(part) << part.error().text;
  EXPECT_EQ(*part, "");
}

TEST_P(ObjectStore, SaysWhatIsMissing) {
  EXPECT_EQ(store.get("not/there", 100).error().code, code::missing);
  EXPECT_EQ(store.get_range("not/there", 0, 10).error().code, code::missing);
  EXPECT_EQ(store.head("not/there").error().code, code::missing);
  EXPECT_TRUE(store.remove("not/there"));
}

TEST_P(ObjectStore, ForgetsWhatWasRemoved) {
  ASSERT_TRUE(store.put("x/y", "here"));
  ASSERT_TRUE(store.remove("x/y"));
  EXPECT_EQ(store.get("x/y", 100).error().code, code::missing);
  EXPECT_EQ(*store.put("x/y", "anew"), put_outcome::stored);
}

TEST_P(ObjectStore, RefusesMoreThanIsWanted) {
  ASSERT_TRUE(store.put("large", std::string(200'000, 'x')));
  EXPECT_EQ(store.get("large", 100'000).error().code, code::corrupt);
}

TEST_P(ObjectStore, RefusesNamesThatLeadElsewhere) {
  for (auto name :
       {"", "/", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.b", "a b", "a\nb", "a?b", "a%2e"}) {
    EXPECT_EQ(store.put(name, "x").error().code, code::refused) << name;
    EXPECT_EQ(store.get(name, 10).error().code, code::refused) << name;
    EXPECT_EQ(store.remove(name).error().code, code::refused) << name;
  }
  EXPECT_EQ(store.put(std::string(600, 'a'), "x").error().code, code::refused);
}

TEST_P(ObjectStore, ListsInOrderPageByPage) {
  std::vector<std::string> names{"g/a/1", "g/a/2",          "g/a0", "g/b/log/0007-0001", "g/b/log/0019-0008",
                                 "h/a",   "g/b/snapshots/3"};
  for (auto& name : names) {
    auto put = store.put(name, name);
    ASSERT_TRUE(put) << put.error().text;
  }
  std::sort(names.begin(), names.end());
  std::string after;
  std::vector<std::string> found;
  for (bool more = true; more;) {
    auto page = store.list("", after, 2);
    ASSERT_TRUE(page) << page.error().text;
    ASSERT_LE(page->objects.size(), 2u);
    for (auto& one : page->objects) {
      EXPECT_EQ(one.bytes, one.name.size());
      found.push_back(one.name);
    }
    more = page->more;
    if (more)
      after = found.back();
  }
  EXPECT_EQ(found, names);

  auto page = store.list("g/b/log/", "", 10);
  ASSERT_TRUE(page) << page.error().text;
  EXPECT_EQ(names_of(*page), (std::vector<std::string>{"g/b/log/0007-0001", "g/b/log/0019-0008"}));
  page = store.list("g/b/log/", "g/b/log/0010", 10); // whatever comes after, there or not
  ASSERT_TRUE(page) << page.error().text;
  EXPECT_EQ(names_of(*page), (std::vector<std::string>{"g/b/log/0019-0008"}));
  page = store.list("nothing/", "", 10);
  ASSERT_TRUE(page) << page.error().text;
  EXPECT_TRUE(page->objects.empty());
  EXPECT_FALSE(page->more);
}

} // namespace troupe::testing
