// Searches: the way they take, and what they find of a channel whose limit the test knows.
#include "generator/search/search.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "generator/report/search_report.h"
#include "generator/search/bisection.h"
#include "tests/generator/simulation.h"

namespace baton::generator {
namespace {

double Find(double resolution, double limit, int* trials) {
  Bisection bisection(resolution);
  for (*trials = 0; !bisection.done(); ++*trials) bisection.Note(bisection.next() <= limit);
  return bisection.best();
}

Profile Searching(const std::string& search) {
  return ProfileFrom(TwoPorts("flows: [{name: u, protocol: udp, to: \"10.9.0.1:53\", count: 500, rate: 1000}]\n"
                              "duration: 1s\nlimits: {lost: 0}\nsearch: " + search));
}

// A box that carries `most` requests a second and has room for `rows` flows.
RunResult Carry(const Profile& profile, double most, uint64_t rows) {
  RunResult result;
  result.flows = profile.flow_count();
  result.sending_s = 1;
  ClassResult& c = result.classes.emplace_back();
  c.flows = profile.flows[0].count;
  c.offered_rate = profile.flows[0].rate;
  const auto sent = static_cast<uint64_t>(c.offered_rate);
  const uint64_t arrived = std::min(sent, static_cast<uint64_t>(most));
  c.requests.counts = {.sent = sent, .arrived = arrived};
  c.responses.counts = {.sent = arrived, .arrived = arrived};
  c.responses.silent_flows = static_cast<uint32_t>(c.flows > rows ? c.flows - rows : 0);
  c.round_trip.Note(2000);
  return result;
}

TEST_CASE("a bisection ends close below the limit") {
  struct Case { const char* name; double resolution, limit; int trials; };
  const auto c = GENERATE(values<Case>({
      {"everything passes", 0.01, 2, 1},
      {"a half", 0.01, 0.5, 9},     // 1, 1/2, 1/2 + 1/4 and so on to 1/2 + 1/256: 0.0039 is less than 1 % of 0.5039
      {"a little", 0.01, 0.013, 14},
      {"nothing passes", 0.01, 0.0001, 11},  // the eleventh is 1/1024
      {"roughly", 0.5, 0.3, 3},     // 1, 1/2, 1/4: half of 1/2 is good enough
  }));
  CAPTURE(c.name);
  int trials = 0;
  const double found = Find(c.resolution, c.limit, &trials);
  CHECK(found <= c.limit);
  CHECK(found >= (c.limit < Bisection::kLeast ? 0 : std::min(c.limit, 1.0) * (1 - c.resolution)));
  CHECK(trials == c.trials);
}

TEST_CASE("the longest burst is found again and again, and their mean is reported") {
  const Profile profile = Searching("{for: back_to_back, resolution: 1%, repeat: 4}");
  // A queue of 100 packets in front of something that takes 600 of the 1000 a second: it holds a burst of 250.
  constexpr uint64_t kRoom = 100;
  const auto found = Search(profile, [](const Profile& trial) -> absl::StatusOr<RunResult> {
    const double seconds = std::chrono::duration<double>(trial.duration).count();
    RunResult result = Carry(trial, 1e9, 1000);
    const auto sent = static_cast<uint64_t>(1000 * seconds);
    const uint64_t arrived = std::min(sent, kRoom + sent * 3 / 5);
    result.classes[0].requests.counts = {.sent = sent, .arrived = arrived};
    result.classes[0].responses.counts = {.sent = arrived, .arrived = arrived};
    return result;
  }, [](const Trial&) {}).value();
  REQUIRE(found.bursts.size() == 4);
  for (const uint64_t burst : found.bursts) {
    CHECK(burst <= 250);
    CHECK(burst >= 245);
  }
  CHECK(found.mean_burst() == Approx(247.5).margin(2.5));
  CHECK(found.best->requests == *std::max_element(found.bursts.begin(), found.bursts.end()));
  CHECK(absl::StrContains(Summary(profile, found), "requests, the mean of 4 searches"));
  CHECK(absl::StrContains(JsonReport(profile, found), "\"search\": \"back_to_back\""));
}

TEST_CASE("connections that find no closed flow were not offered") {
  const Profile profile = Searching("{for: throughput}");
  const auto found = Search(profile, [](const Profile& trial) -> absl::StatusOr<RunResult> {
    RunResult result = Carry(trial, 1e9, 1000);
    result.classes[0].tcp.opened = 90;
    result.classes[0].tcp.busy = trial.flows[0].rate > 500 ? 10 : 0;
    return result;
  }, [](const Trial&) {}).value();
  CHECK(found.trials[0].why == "10 connections found no flow that was closed: count is too small");
  CHECK(found.best->share == Approx(0.5).epsilon(0.01));
}

TEST_CASE("the throughput is found, and latency measured below it") {
  const Profile profile = Searching("{for: throughput, resolution: 1%, loads: [50%, 90%]}");
  std::vector<double> offered;
  size_t told = 0;
  const auto found = Search(profile, [&](const Profile& trial) {
    offered.push_back(trial.flows[0].rate);
    CHECK(trial.flows[0].count == 500);
    return absl::StatusOr<RunResult>(Carry(trial, 300, 500));
  }, [&](const Trial&) { ++told; });
  REQUIRE(found.ok());
  REQUIRE(found->best);
  CHECK(offered[0] == 1000);
  CHECK(offered[1] == 500);
  CHECK(found->best->offered_rate <= 301);  // the 301st request of a second is cut off
  CHECK(found->best->offered_rate >= 300 * 0.99);
  CHECK(found->best->lost == 0);
  CHECK(found->trials[1].lost == 200);
  CHECK(found->trials[1].why == "lost: 200, 0 allowed");
  REQUIRE(found->under_load.size() == 2);
  CHECK(found->under_load[0].offered_rate == Approx(found->best->offered_rate / 2));
  CHECK(found->under_load[1].round_trip.most() == 2000);
  CHECK(told == found->trials.size() + 2);
  CHECK(offered.size() == told);
}

TEST_CASE("the capacity is found in flows that are answered") {
  const Profile profile = Searching("{for: capacity, resolution: 0.1%}");
  const auto found = Search(profile, [&](const Profile& trial) {
    CHECK(trial.flows[0].rate == 1000);
    return absl::StatusOr<RunResult>(Carry(trial, 1e9, 321));
  }, [](const Trial&) {});
  REQUIRE(found.ok());
  REQUIRE(found->best);
  CHECK(found->best->flows == 321);
  CHECK(found->trials[0].why == "179 flows got no answer");
}

TEST_CASE("what a trial cannot tell is not taken for a success") {
  const Profile profile = Searching("{for: throughput}");
  RunResult answer = Carry(profile, 1e9, 500);
  const auto search = [&] {
    const RunTrial run = [&](const Profile&) { return absl::StatusOr<RunResult>(answer); };
    return Search(profile, run, [](const Trial&) {}).value();
  };
  SECTION("the machine did not send") {
    answer.classes[0].skipped = 100;
    const SearchResult found = search();
    CHECK_FALSE(found.best);
    CHECK(found.trials[0].why == "this machine did not send 100 of its packets");
  }
  SECTION("the machine did not send for every flow") {
    Profile capacity = Searching("{for: capacity}");
    answer.classes[0].requests.counts = answer.classes[0].responses.counts = {.sent = 499, .arrived = 499};
    const RunTrial run = [&](const Profile&) { return absl::StatusOr<RunResult>(answer); };
    const SearchResult found = Search(capacity, run, [](const Trial&) {}).value();
    CHECK(found.trials[0].why == "this machine did not send for every flow");
  }
  SECTION("a signal") {
    answer.interrupted = true;
    const SearchResult found = search();
    CHECK(found.interrupted);
    CHECK(found.trials.empty());
    CHECK(absl::StrContains(JsonReport(profile, found), "\"passed\": false"));
  }
  SECTION("nobody there") {
    answer = {};
    answer.unresolved = {"10.1.0.1"};
    CHECK(absl::StrContains(search().failure, "10.1.0.1"));
  }
  SECTION("the trial itself fails") {
    const RunTrial run = [](const Profile&) { return absl::StatusOr<RunResult>(absl::InternalError("no")); };
    const auto found = Search(profile, run, [](const Trial&) {});
    CHECK(found.status() == absl::InternalError("no"));
  }
}

TEST_CASE("a search runs real trials, the rates one below the other") {
  // In memory nothing is lost: one trial is enough.
  const Profile profile = Searching("{for: throughput, loads: [50%]}");
  const auto found = Search(profile, [](const Profile& trial) -> absl::StatusOr<RunResult> {
    auto loopback = Loopback::Create(trial).value();
    Simulation simulation(trial, loopback->uses());
    simulation.RunUntilDone();
    return simulation.Result();
  }, [](const Trial&) {});
  REQUIRE(found.ok());
  REQUIRE(found->best);
  CHECK(found->trials.size() == 1);
  CHECK(found->best->sent == 1998);  // the 1000th request would be due when the second is over; and as many responses
  CHECK(found->best->lost == 0);
  REQUIRE(found->under_load.size() == 1);
  CHECK(found->under_load[0].sent == 998);
  const std::string json = JsonReport(profile, *found);
  CHECK(absl::StrContains(json, "\"search\": \"throughput\""));
  CHECK(absl::StrContains(json, "\"passed\": true"));
  CHECK(Summary(profile, *found).find("throughput: all that the profile offers, 1000 requests/s") != std::string::npos);
}

TEST_CASE("searches that make no sense are refused where they stand") {
  struct Case { const char* name; const char* flow; const char* limits; const char* search; const char* error; };
  const auto c = GENERATE(values<Case>({
      {"no limit", "rate: 10", "{}", "{for: throughput}", "needs limits: they tell whether a trial went well"},
      {"no rate", "rate: max", "{lost: 0}", "{for: throughput}", "needs a rate to begin with, flow u has none"},
      {"silent flows", "count: 101, rate: 10", "{lost: 0}", "{for: capacity}",
       "not every flow of u would send: rate times duration is below count"},
      {"loads of nothing", "rate: 10", "{lost: 0}", "{for: capacity, loads: [50%]}",
       "are parts of a throughput, which is not searched"},
      {"too fine", "rate: 10", "{lost: 0}", "{for: throughput, resolution: 0.001%}", "is outside 0.01%..50%"},
      {"something else", "rate: 10", "{lost: 0}", "{for: luck}", "search.for"},
  }));
  const std::string rest = absl::StrCat("flows: [{name: u, protocol: udp, to: \"10.9.0.1:53\", ", c.flow,
                                        "}]\nlimits: ", c.limits, "\nsearch: ", c.search);
  CAPTURE(c.name);
  const std::string report = ParseProfile(TwoPorts(rest), "f").Report();
  CAPTURE(report);
  CHECK(absl::StrContains(report, c.error));
  CHECK(absl::StrContains(report, "f:"));
}

}  // namespace
}  // namespace baton::generator
