// Random updates on random items: the new item is the reference's, and is what an item must be.
#include "actors/core/expression/print.h"
#include "actors/core/expression/projection.h"
#include "actors/core/expression/update.h"
#include "actors/core/item/json.h"
#include "random_updates.h"

namespace troupe::expression {
namespace {

using namespace test;

// An expression that was parsed and printed comes back the same when it is parsed again.
void expect_the_same_again(const msg::UpdateExpression& parsed, const std::string& text) {
  const printed again = print(parsed);
  auto use = placeholders::make(again.names.empty() ? placeholders::names() : again.names,
                                again.values.empty() ? placeholders::values() : again.values);
  ASSERT_TRUE(use);
  if (again.text.size() > 4096)
    return;
  const auto reparsed = parse_update(again.text, *use);
  ASSERT_TRUE(reparsed) << text << "\n" << again.text << "\n" << reparsed.why().message;
  ASSERT_EQ(reparsed->SerializeAsString(), parsed.SerializeAsString()) << text << "\n" << again.text;
  ASSERT_FALSE(use->check_all_used());
}

TEST(UpdateProperty, RandomUpdatesDoWhatTheReferenceDoes) {
  dice roll(11);
  int applied = 0, refused = 0;
  for (int i = 0; i < 10'000; ++i) {
    vocabulary words;
    const random_update expected = make_update(roll, words);
    if (expected.actions.empty())
      continue;
    placeholders use = words.use();
    const auto parsed = parse_update(expected.text, use);
    if (!parsed) { // a sum of what can be seen to be no number
      ASSERT_NE(parsed.why().message.find("Incorrect operand type"), std::string::npos)
          << expected.text << "\n"
          << parsed.why().message;
      continue;
    }
    ASSERT_NO_FATAL_FAILURE(expect_the_same_again(*parsed, expected.text));
    const auto ready = update::make(*parsed);
    ASSERT_TRUE(ready) << expected.text;
    for (int j = 0; j < 4; ++j) {
      const msg::AttributeMap old = small_item(roll);
      const auto story = [&] { return expected.text + "\n" + item::write_json(old); };
      const auto should = expected.apply(plain_of(old));
      const auto out = ready->apply(&old, {});
      ASSERT_EQ(bool(out), should.has_value()) << story() << "\n" << (out ? "" : out.why().message);
      if (!out) {
        ++refused;
        continue;
      }
      ++applied;
      ASSERT_TRUE(out->exists);
      ASSERT_TRUE(plain_of(out->item) == *should) << story() << "\n" << item::write_json(out->item);
      msg::AttributeMap again = out->item;
      ASSERT_FALSE(item::canonicalise(again));
      ASSERT_EQ(item::serialize(again), item::serialize(out->item)) << story();
      const msg::AttributeMap touched = ready->touched(out->item);
      for (const msg::Attribute& attribute : touched.attributes())
        ASSERT_TRUE(item::find(out->item, attribute.name())) << story();
    }
  }
  EXPECT_GT(applied, 4'000);
  EXPECT_GT(refused, 4'000);
}

TEST(ProjectionProperty, FindsWhatLooksTheSameOneByOne) {
  dice roll(13);
  for (int i = 0; i < 10'000; ++i) {
    vocabulary words;
    std::vector<plain_path> paths;
    std::string text;
    for (int j = roll.between(1, 4); j > 0; --j) {
      const plain_path path = random_path(roll);
      if (!std::all_of(paths.begin(), paths.end(),
                       [&](const plain_path& other) { return are_apart(path, other); }))
        continue;
      paths.push_back(path);
      text += (text.empty() ? "" : ", ") + text_of(roll, path, words);
    }
    placeholders use = words.use();
    const auto parsed = parse_projection(text, use);
    ASSERT_TRUE(parsed) << text << parsed.why().message;
    const printed again = print(*parsed);
    placeholders reuse = *placeholders::make(again.names, {});
    ASSERT_EQ(parse_projection(again.text, reuse)->SerializeAsString(), parsed->SerializeAsString()) << text;

    const msg::AttributeMap on = small_item(roll);
    const msg::AttributeMap found = projection::make(*parsed)->apply(on);
    // Nothing in the answer but what was asked for: as many leaves as the paths have, each found in its
    // place.
    const auto whole = plain_of(on);
    std::size_t there = 0;
    std::set<std::string> tops;
    for (const plain_path& path : paths)
      if (const auto value = look(whole, path)) {
        ++there;
        tops.insert(path[0].name);
        plain_path moved = path; // positions in lists become the rank among those that were found
        for (std::size_t at = 0; at < moved.size(); ++at)
          if (moved[at].index >= 0) {
            std::set<int> before;
            for (const plain_path& other : paths)
              if (other.size() > at && look(whole, other) &&
                  key_of({other.begin(), other.begin() + static_cast<std::ptrdiff_t>(at)}) ==
                      key_of({path.begin(), path.begin() + static_cast<std::ptrdiff_t>(at)}) &&
                  other[at].index >= 0 && other[at].index < path[at].index)
                before.insert(other[at].index);
            moved[at].index = static_cast<int>(before.size());
          }
        ASSERT_TRUE(look(plain_of(found), moved) == value) << text << "\n" << item::write_json(on);
      }
    ASSERT_EQ(found.attributes_size(), static_cast<int>(tops.size())) << text << "\n" << item::write_json(on);
    ASSERT_EQ(there == 0, found.attributes_size() == 0);
  }
}

} // namespace
} // namespace troupe::expression
