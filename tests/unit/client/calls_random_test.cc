// A session against a router that loses, repeats and forgets at random.
#include "tests/unit/client/calls_words.h"
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

namespace troupe::client {
namespace {

// Whatever happens to the messages, a request is answered once, and OK and refusals are told the truth about.
// The router here really has state: a counter that each put raises at most once per request id.
TEST(CallsAtRandom, NoOutcomeIsEverCalledByAnotherName) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    std::mt19937_64 dice(seed);
    auto chance = [&](int percent) { return dice() % 100 < static_cast<unsigned>(percent); };
    auto o = quick();
    o.seed = seed;
    o.spread = chance(50);
    o.retry.patience = std::chrono::milliseconds(20);
    calls brain(o);
    std::int64_t now = 1'000'000;
    std::map<std::uint64_t, msg::Code> said; // by request sequence
    std::set<std::uint64_t> done;            // executed
    std::set<std::uint64_t> remembered;      // refused for good: conditions of repeated attempts
    wire::outbox in_the_air;                 // requests that no router has looked at yet
    std::vector<msg::Parcel> replies;        // on their way back
    std::set<std::string> up;
    auto carry = [&] {
      for (auto& out : brain.parcels)
        in_the_air.push_back(std::move(out));
      for (auto& f : brain.answers) {
        auto sequence = f.what.request.item_request().id().sequence();
        ASSERT_TRUE(said.emplace(sequence, status_of(f.reply).code()).second)
            << "answered twice, seed " << seed;
        auto code = said[sequence];
        if (code == msg::OK) {
          ASSERT_TRUE(done.count(sequence)) << "OK without an effect, seed " << seed;
        } else if (code != msg::UNKNOWN_OUTCOME) {
          ASSERT_FALSE(done.count(sequence)) << "a refusal with an effect, seed " << seed;
        }
      }
      brain.parcels.clear();
      brain.answers.clear();
    };
    auto refused_since = [&](std::uint64_t sequence) {
      auto it = said.find(sequence);
      return it != said.end() && it->second != msg::OK && it->second != msg::UNKNOWN_OUTCOME;
    };
    for (int step = 0; step < 400; ++step) {
      auto pick = dice() % 100;
      std::string node(1, static_cast<char>('a' + dice() % 3));
      if (pick < 10 && step < 300) {
        brain.start({put_request(), now + 200'000, [](msg::Parcel) {}}, now);
      } else if (pick < 15) {
        up.insert(node);
        brain.found(node, now);
      } else if (pick < 18 && up.erase(node) > 0) {
        brain.lost(node, now); // its requests may be lost or may be executed much later; its replies are gone
        replies.clear();
      } else if (pick < 55 && !in_the_air.empty()) {
        auto at = in_the_air.begin() + static_cast<std::ptrdiff_t>(dice() % in_the_air.size());
        auto request = at->parcel;
        auto reachable = up.count(at->node) > 0;
        auto router = at->node;
        in_the_air.erase(at); // links deliver a request once, if at all
        auto sequence = request.item_request().id().sequence();
        auto reply = refuse(request, msg::OK, "");
        if (remembered.count(sequence) > 0) {
          reply = refuse(request, msg::CONDITION_FAILED, "");
        } else if (chance(40)) {
          done.insert(sequence);
          ASSERT_FALSE(refused_since(sequence)) << "executed after a refusal, seed " << seed;
          if (chance(20))
            reply = refuse(request, msg::UNKNOWN_OUTCOME, "");
        } else if (done.count(sequence) == 0 || chance(50)) {
          // A refusal of this attempt; the router does not remember the others.
          msg::Code refusals[] = {msg::OVERLOADED, msg::UNAVAILABLE, msg::CONDITION_FAILED};
          auto code = refusals[dice() % 3];
          if (done.count(sequence) > 0 && code == msg::CONDITION_FAILED)
            continue; // an executed id is answered with its success by every leader
          if (code == msg::CONDITION_FAILED && request.item_request().id().repeated())
            remembered.insert(sequence);
          reply = refuse(request, code, "");
        }
        reply.set_id(request.id());
        reply.set_reply(true);
        if (done.count(sequence) == 0 && remembered.count(sequence) == 0 && chance(20)) {
          reply.mutable_item_reply()->mutable_status()->set_code(msg::UNKNOWN_OUTCOME);
          in_the_air.push_back({router, request}); // it may still be executed, at any time
        }
        if (reachable && !chance(10))
          replies.push_back(reply);
        if (chance(5))
          replies.push_back(reply);
      } else if (pick < 90 && !replies.empty()) {
        auto at = replies.begin() + static_cast<std::ptrdiff_t>(dice() % replies.size());
        auto reply = *at;
        if (!chance(10))
          replies.erase(at);
        brain.reply(reply, now);
      } else {
        now += static_cast<std::int64_t>(dice() % 20'000);
        brain.tick(now);
      }
      carry();
      if (HasFatalFailure())
        return;
    }
    now += 1'000'000;
    brain.tick(now);
    carry();
    ASSERT_EQ(brain.size(), 0u) << "seed " << seed;
  }
}

} // namespace
} // namespace troupe::client
