// The proof that each counter of the ledger counts exactly what was injected, and nothing else.
#include <catch2/catch.hpp>

#include "generator/report/verdict.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

struct Outcome {
  RunResult result;
  Injected requests, responses;
};

Outcome RunLoop(const std::string& flows, const std::string& impair) {
  const Profile profile = ProfileFrom(TwoPorts("duration: 300ms\nsettle: 50ms\nflows: [" + flows + "]\n" +
                                               (impair.empty() ? "" : "impair: {" + impair + "}\n")));
  const auto loopback = Loopback::Create(profile).value();
  Simulation simulation(profile, loopback->uses());
  simulation.RunUntilDone();
  Outcome outcome{simulation.Result(), {}, {}};
  if (loopback->impaired()) {
    outcome.requests = loopback->InjectedBy(Role::kClients);
    outcome.responses = loopback->InjectedBy(Role::kServers);
  }
  return outcome;
}

constexpr const char* kMany =
    R"({name: v4, protocol: udp, to: "10.9.0.1:53", count: 100, rate: 100k, activity: uniform})";
constexpr const char* kOne = R"({name: v4, protocol: udp, to: "10.9.0.1:53", count: 1, rate: 100k})";
constexpr const char* kEcho = R"({name: v4, protocol: icmp, to: 10.9.0.1, count: 10, rate: 50k, size: imix},
  {name: v6, protocol: icmp, to: "2001:db8:9::1", count: 10, rate: 50k, size: 84})";
constexpr const char* kBoth = R"({name: v4, protocol: udp, to: "10.9.0.1:53", count: 10, rate: 50k, size: 500},
  {name: v6, protocol: udp, to: "[2001:db8:9::1]:53", count: 10, rate: 50k, size: 84, answer_size: 700})";

TEST_CASE("without harm nothing is counted but what was sent") {
  for (const char* flows : {kMany, kOne, kBoth, kEcho}) {
    const Outcome outcome = RunLoop(flows, "");
    const Totals totals = TotalsOf(outcome.result);
    CHECK(totals.requests.sent == Approx(30000).margin(2));
    for (const DirectionCounts& counts : {totals.requests, totals.responses}) {
      CHECK(counts.sent == totals.requests.sent);
      CHECK(counts.arrived == counts.sent);
      CHECK(counts.lost() + counts.duplicated + counts.reordered + counts.late + counts.corrupted == 0);
    }
    const StrayCounts& strays = outcome.result.strays;
    CHECK(strays.corrupted + strays.foreign + strays.neighbor + strays.icmp_errors == 0);
    CHECK(totals.wrong_server == 0);
    CHECK(totals.wrong_address == 0);
  }
}

TEST_CASE("sizes take turns, and bytes are counted as they are sent") {
  const Outcome outcome =
      RunLoop(R"({name: v4, protocol: udp, to: "10.9.0.1:53", count: 7, rate: 40k, size: imix})", "");
  const DirectionCounts& requests = outcome.result.classes[0].requests.counts;
  CHECK(requests.sent == Approx(12000).margin(2));
  // 7 x 60, 4 x 566 and 1 x 1514 bytes without FCS, a thousand times.
  CHECK(requests.sent_bytes == Approx(1000 * (7 * 60 + 4 * 566 + 1514)).margin(2 * 1514));
  CHECK(outcome.result.classes[0].responses.counts.sent_bytes == requests.sent_bytes);
  const Outcome two = RunLoop(
      R"({name: v6, protocol: udp, to: "[2001:db8:9::1]:53", rate: 10k, size: [84, 1000], answer_size: 104})", "");
  CHECK(two.result.classes[0].requests.counts.sent_bytes == Approx(3000 * (80 + 996) / 2).margin(2000));
  CHECK(two.result.classes[0].responses.counts.sent_bytes == two.result.classes[0].responses.counts.sent * 100);
}

// What each direction must show for what was injected into it; damage that took the stamp too belongs to none.
void CheckExact(const Outcome& outcome) {
  const Totals totals = TotalsOf(outcome.result);
  const struct {
    const DirectionCounts& counts;
    const Injected& injected;
  } directions[] = {{totals.requests, outcome.requests}, {totals.responses, outcome.responses}};
  uint64_t corrupted = outcome.result.strays.corrupted;
  for (const auto& d : directions) {
    CHECK(d.counts.sent == d.injected.passed);
    CHECK(d.counts.lost() == d.injected.lost + d.injected.corrupted);
    CHECK(d.counts.duplicated == d.injected.duplicated);
    CHECK(d.counts.late == 0);
    corrupted += d.counts.corrupted;
  }
  CHECK(corrupted == outcome.requests.corrupted + outcome.responses.corrupted);
  CHECK(outcome.result.strays.foreign == 0);
}

TEST_CASE("each kind of harm is counted exactly, and as nothing else") {
  struct Case {
    const char* name;
    const char* impair;
  };
  const auto c = GENERATE(values<Case>({
      {"loss", "lost: 3%"},
      {"duplication", "duplicated: 3%"},
      {"corruption", "corrupted: 3%"},
      {"delay", "delay: 7ms"},
      {"all of them", "lost: 2%, duplicated: 2%, corrupted: 2%, delay: 2ms"},
  }));
  const char* flows = GENERATE(kMany, kOne, kBoth, kEcho);
  CAPTURE(c.name, flows);
  const Outcome outcome = RunLoop(flows, c.impair);
  CheckExact(outcome);
  const Totals totals = TotalsOf(outcome.result);
  CHECK(totals.requests.reordered + totals.responses.reordered == 0);
}

TEST_CASE("harm happens at the rate that was asked for") {
  const Outcome outcome = RunLoop(kMany, "lost: 3%, duplicated: 2%, corrupted: 1%");
  CHECK(outcome.requests.lost == Approx(900).margin(150));  // 5 standard deviations
  CHECK(outcome.requests.duplicated == Approx(600).margin(125));
  CHECK(outcome.requests.corrupted == Approx(300).margin(90));
  CHECK(outcome.responses.lost > 0);
}

TEST_CASE("harm does not depend on which flow is drawn") {
  const Outcome outcome = RunLoop(kMany, "lost: 1%");  // 100 flows of 300 packets: each loses some, none loses all
  CHECK(outcome.requests.lost > 200);
  CHECK(outcome.result.classes[0].requests.silent_flows == 0);
}

TEST_CASE("reordering is counted exactly") {
  const Outcome outcome = RunLoop(kOne, "reordered: 5%");
  CheckExact(outcome);
  const Totals totals = TotalsOf(outcome.result);
  CHECK(outcome.requests.reordered == Approx(1400).margin(250));
  CHECK(totals.requests.reordered == outcome.requests.reordered);
  CHECK(totals.responses.reordered == outcome.responses.reordered);
}

TEST_CASE("reordering beside other harm is counted exactly") {
  const Outcome outcome = RunLoop(kOne, "reordered: 5%, lost: 5%, duplicated: 5%, corrupted: 5%, delay: 1ms");
  CheckExact(outcome);
  const Totals totals = TotalsOf(outcome.result);
  // A held frame goes on behind the next one that nothing happens to, but what happened to others in between may have
  // let a later number through before it, or not: at least the injected ones are late.
  CHECK(totals.requests.reordered >= outcome.requests.reordered);
  CHECK(totals.requests.reordered <= outcome.requests.reordered + 1);
}

TEST_CASE("delay shows in the times, and nowhere else") {
  const Outcome outcome = RunLoop(kMany, "delay: 7ms");
  const ClassResult& c = outcome.result.classes[0];
  CHECK(c.one_way.Quantile(0.5) == Approx(7e6).epsilon(0.01));
  CHECK(c.round_trip.Quantile(0.5) == Approx(14e6).epsilon(0.01));
  CHECK(c.round_trip.most() < 14'100'000);
}

TEST_CASE("total loss: every flow is silent, nothing hangs") {
  const Outcome outcome = RunLoop(kBoth, "lost: 100%");
  const Totals totals = TotalsOf(outcome.result);
  CHECK(totals.requests.arrived == 0);
  CHECK(totals.requests.lost() == totals.requests.sent);
  CHECK(totals.responses.sent == 0);
  CHECK(outcome.result.classes[0].requests.silent_flows == 10);
  CHECK(outcome.result.classes[0].responses.silent_flows == 10);  // this is what their users feel
  CHECK(outcome.result.classes[0].requests.longest_gaps.most() == Approx(300e6).epsilon(0.01));
}

}  // namespace
}  // namespace baton::generator
