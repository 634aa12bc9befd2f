// What a router does to bytes: the quick way must do what the long way does, and nothing else.
#include "actors/core/item/canonical.h"
#include "actors/core/item/prepare.h"
#include "actors/core/item/value.h"
#include "make.h"
#include "random_items.h"
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

namespace troupe::item {
namespace {

using test::dice;

msg::KeySchema schema() {
  msg::KeySchema out;
  out.mutable_partition()->set_name("id");
  out.mutable_partition()->set_type(msg::KEY_TYPE_S);
  out.mutable_sort()->set_name("at");
  out.mutable_sort()->set_type(msg::KEY_TYPE_N);
  return out;
}

// A random item that has the key.
msg::AttributeMap keyed_item(dice& roll) {
  auto out = test::random_item(roll);
  msg::Attribute* id = out.add_attributes();
  id->set_name("id");
  id->mutable_value()->set_s("x" + test::text(roll, 3));
  msg::Attribute* at = out.add_attributes();
  at->set_name("at");
  at->mutable_value()->set_n(test::number_text(roll));
  return out;
}

std::string refused(const msg::AttributeMap& item) {
  const auto put = prepare_put(schema(), serialize(item));
  return put ? "accepted" : put.why().message;
}

// The long way, told here once more in its simplest form.
std::optional<std::string> canonical_bytes(const std::string& bytes) {
  auto item = parse_item(bytes);
  if (!item || canonicalise(*item))
    return {};
  return serialize(*item);
}

TEST(PreparePut, AnyOrderGivesTheSameKeyAndBytes) {
  dice roll(41);
  for (int i = 0; i < 10'000; ++i) {
    const auto item = keyed_item(roll);
    auto mixed = item, canonical = item;
    test::shuffle(roll, mixed);
    ASSERT_FALSE(canonicalise(canonical));
    const std::string bytes = serialize(canonical);
    for (const std::string& sent : {serialize(item), serialize(mixed), bytes}) {
      const auto put = prepare_put(schema(), sent);
      ASSERT_TRUE(put) << put.why().message;
      ASSERT_EQ(put->item, bytes);
      ASSERT_EQ(put->size, item_size(canonical));
      ASSERT_EQ(put->key, *encode_key(schema(), canonical));
    }
  }
}

TEST(PreparePut, LeavesWhatItRefusesAsItWas) {
  auto item = test::item(R"({"at":{"S":"no number"},"id":{"S":"a"}})");
  ASSERT_FALSE(canonicalise(item));
  auto bytes = serialize(item);
  const auto sent = bytes;
  EXPECT_FALSE(prepare_put(schema(), std::move(bytes)));
  EXPECT_EQ(bytes, sent);
}

TEST(SerializedSize, IsTheItemsSizeInWhateverFormItsBytesAre) {
  dice roll(43);
  for (int i = 0; i < 5'000; ++i) {
    auto item = keyed_item(roll);
    ASSERT_FALSE(canonicalise(item));
    ASSERT_EQ(serialized_size(serialize(item)), item_size(item));
    auto mixed = item;
    test::shuffle(roll, mixed);
    ASSERT_EQ(serialized_size(serialize(mixed)), item_size(mixed));
  }
  EXPECT_EQ(serialized_size(""), 0u);
  EXPECT_FALSE(serialized_size("\xFF\xFF\xFF"));
}

TEST(PreparePut, CanonicalBytesAreHandedBackWithoutACopy) {
  auto item =
      test::item(R"({"at":{"N":"1"},"id":{"S":"a"},"text":{"S":"long enough to live on the heap, surely"}})");
  ASSERT_FALSE(canonicalise(item));
  std::string bytes = serialize(item);
  const char* where = bytes.data();
  const auto put = prepare_put(schema(), std::move(bytes));
  ASSERT_TRUE(put);
  EXPECT_EQ(static_cast<const void*>(put->item.data()), where);
}

TEST(PreparePut, TheQuickWayAcceptsExactlyWhatTheLongWayLeavesAlone) {
  const google::protobuf::LogSilencer quiet; // it complains of text that is not UTF-8
  dice roll(42);
  int canonical = 0, other = 0;
  for (int i = 0; i < 60'000; ++i) {
    auto item = keyed_item(roll);
    if (roll.chance(80))
      (void)canonicalise(item);
    std::string bytes = serialize(item);
    for (int damage = roll.between(0, 2); damage > 0; --damage) {
      const std::size_t at = roll.below(bytes.size());
      if (roll.chance(70))
        bytes[at] = static_cast<char>(bytes[at] + roll.between(-2, 2));
      else if (roll.chance(50))
        bytes.erase(at, 1);
      else
        bytes.insert(at, 1, static_cast<char>(roll.below(256)));
    }
    const auto expected = canonical_bytes(bytes);
    const auto seen = recognise_canonical(schema(), bytes);
    ASSERT_EQ(seen.has_value(), expected == bytes) << "item " << i;
    (seen ? canonical : other)++;
    if (seen) {
      ASSERT_EQ(seen->size, item_size(*parse_item(bytes)));
      ASSERT_EQ(seen->attributes, static_cast<std::size_t>(parse_item(bytes)->attributes_size()));
    }
    const auto put = prepare_put(schema(), bytes);
    if (put) {
      ASSERT_EQ(put->item, expected);
    }
  }
  EXPECT_GT(canonical, 6'000);
  EXPECT_GT(other, 6'000);
}

TEST(PreparePut, ValuesAreCheckedBeforeSizeAndSizeBeforeKeys) {
  auto item = test::item(R"({"n":{"N":"1e126"}})");
  msg::Attribute* big = item.add_attributes();
  big->set_name("big");
  big->mutable_value()->set_b(std::string(409'600, 'x'));
  EXPECT_TRUE(refused(item).starts_with("Number overflow."));
  item.mutable_attributes(0)->mutable_value()->set_n("1");
  EXPECT_EQ(refused(item), "Item size has exceeded the maximum allowed size");
  ASSERT_FALSE(canonicalise(item));
  EXPECT_EQ(refused(item), "Item size has exceeded the maximum allowed size")
      << "the quick way says the same";
  item.mutable_attributes(0)->mutable_value()->set_b("x");
  EXPECT_EQ(refused(item), "One or more parameter values were invalid: Missing the key id in the item");
}

TEST(PreparePut, TheSizeLimitIsExact) {
  auto item = test::item(R"({"at":{"N":"1"},"id":{"S":"a"},"z":{"S":""}})");
  const std::size_t rest = item_size(item);
  item.mutable_attributes(2)->mutable_value()->set_s(std::string(409'600 - rest, 'x'));
  EXPECT_EQ(refused(item), "accepted");
  item.mutable_attributes(2)->mutable_value()->mutable_s()->push_back('x');
  EXPECT_EQ(refused(item), "Item size has exceeded the maximum allowed size");
}

TEST(PreparePut, BytesThatAreNoItemAreRefused) {
  const google::protobuf::LogSilencer quiet; // it complains of text that is not UTF-8
  const auto put = prepare_put(schema(), "\xFF\xFF\xFF");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.why().status().code(), msg::VALIDATION);
  EXPECT_EQ(put.why().status().message(),
            "The bytes are not a serialized attribute map, or are nested far too deeply");
  EXPECT_FALSE(prepare_put(schema(), ""));
}

TEST(PrepareKey, ExactlyTheKeyInAnyForm) {
  const auto asked = [](const char* json) {
    const auto key = prepare_key(schema(), serialize(test::item(json)));
    return key ? "accepted" : key.why().message;
  };
  const std::string wrong = "The provided key element does not match the schema";
  EXPECT_EQ(asked(R"({"at":{"N":"1"},"id":{"S":"a"}})"), "accepted");
  EXPECT_EQ(asked(R"({"id":{"S":"a"},"at":{"N":"1.0"}})"), "accepted");
  EXPECT_EQ(asked(R"({"id":{"S":"a"}})"), wrong);
  EXPECT_EQ(asked(R"({"at":{"N":"1"},"id":{"S":"a"},"x":{"S":"a"}})"), wrong);
  EXPECT_EQ(asked(R"({"x":{"S":"a"},"at":{"N":"1.0"},"id":{"S":"a"}})"), wrong);
  EXPECT_EQ(asked(R"({"at":{"S":"1"},"id":{"S":"a"}})"), wrong);
  EXPECT_EQ(
      asked(R"({"at":{"N":"1"},"id":{"S":""}})"),
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
      "empty string value. Key: id");
  EXPECT_EQ(asked(R"({"at":{"N":"x"},"id":{"S":"a"}})"),
            "The parameter cannot be converted to a numeric value: x");
  EXPECT_EQ(asked("{}"), wrong);

  dice roll(43);
  for (int i = 0; i < 5'000; ++i) {
    const auto item = keyed_item(roll);
    msg::AttributeMap key;
    for (const msg::Attribute& one : item.attributes())
      if (one.name() == "id" || one.name() == "at")
        *key.add_attributes() = one;
    const auto put = prepare_put(schema(), serialize(item));
    ASSERT_TRUE(put);
    ASSERT_EQ(*prepare_key(schema(), serialize(key)), put->key);
    ASSERT_FALSE(canonicalise(key));
    ASSERT_EQ(*prepare_key(schema(), serialize(key)), put->key);
  }
}

} // namespace
} // namespace troupe::item
