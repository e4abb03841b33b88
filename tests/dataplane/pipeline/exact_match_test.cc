// Mode `exact` as two routers see it that hear the same stream, each in its own order and with its own losses; time
// is in microseconds. The packets are numbers, identical ones have the same.
#include "dataplane/hand_over/exact_match.h"

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

namespace baton::dataplane {
namespace {

using std::chrono::microseconds;

TimePoint At(int64_t us) { return TimePoint(microseconds(us)); }

TEST_CASE("[VR-67] what the report says of a packet depends on its digest and when it came") {
  // Stopped at 100 ms, cover 50 ms, skew 5 ms: so the report may be 40 ms under way.
  const auto match = [](std::vector<ForwardedPacket> packets, uint64_t digest, int64_t arrival_us) {
    std::vector<ReportedPacket> report = SortReport(packets, At(100'000));
    return ExactMatch(absl::MakeSpan(report), At(100'000), microseconds(5000), microseconds(50'000))
        .WasForwarded(digest, At(arrival_us));
  };
  struct Case { const char* name; uint64_t digest; int64_t arrival; bool forwarded; };
  const auto c = GENERATE(values<Case>({
      {"before the notes begin: the old router had it", 7, 54'999, true},
      {"within the notes, and not among them", 7, 55'000, false},
      {"as noted", 1, 80'000, true},
      {"later by the skew", 1, 85'000, true},
      {"later by more: the same bytes again", 1, 85'001, false},
      {"earlier by the skew, and the report was 40 ms under way", 2, 55'000, true},
      {"after the stop, and noted just before", 3, 104'999, true},
  }));
  CAPTURE(c.name);
  CHECK(match({{2, 0}, {1, 20'000}, {3, 1}}, c.digest, c.arrival) == c.forwarded);
}

TEST_CASE("[VR-67] a router that looks at its port late does not know when a packet came") {
  // As above. The notes: digest 1 at 80 ms, 2 at 60 ms.
  struct Case { const char* name; uint64_t digest; int64_t since, arrival; bool forwarded; };
  const auto c = GENERATE(values<Case>({
      {"it may have come when it was noted", 1, 85'000, 120'000, true},
      {"everything that came then has been looked at", 1, 85'001, 120'000, false},
      {"the look before was before the notes begin, this one well before the stop", 7, 54'999, 94'999, true},
      {"the look before was before the notes begin, this one just before the stop", 7, 54'999, 95'000, false},
      {"the same, and noted", 2, 54'999, 95'000, true},
  }));
  CAPTURE(c.name);
  std::vector<ReportedPacket> report = SortReport(std::vector<ForwardedPacket>{{1, 20'000}, {2, 40'000}}, At(100'000));
  ExactMatch match(absl::MakeSpan(report), At(100'000), microseconds(5000), microseconds(50'000));
  CHECK(match.MayMatch(c.digest, At(c.since), At(c.arrival)) == c.forwarded);
  CHECK(match.WasForwarded(c.digest, At(c.since), At(c.arrival)) == c.forwarded);
}

TEST_CASE("[VR-67] each note stands for one of several identical packets") {
  std::vector<ReportedPacket> report = SortReport(std::vector<ForwardedPacket>{{1, 30'000}, {1, 20'000}}, At(100'000));
  ExactMatch match(absl::MakeSpan(report), At(100'000), microseconds(5000), microseconds(50'000));
  CHECK(match.WasForwarded(1, At(79'000)));  // the second is closer
  CHECK(match.MayMatch(1, At(70'000)));
  CHECK(match.WasForwarded(1, At(70'000)));
  CHECK_FALSE(match.MayMatch(1, At(74'000)));
  CHECK_FALSE(match.WasForwarded(1, At(74'000)));
  CHECK_FALSE(match.MayMatch(1, At(82'000)));
  CHECK_FALSE(match.WasForwarded(1, At(82'000)));
}

// One stream, two observers: `skew` between them at most, per-flow order kept, some packets lost on one side only.
struct Stream {
  struct Seen {
    int packet;
    int64_t at;
  };
  std::vector<uint64_t> digests;  // by packet
  std::vector<Seen> at_old, at_new;
};

Stream MakeStream(std::mt19937& random, int packets, int64_t skew, int64_t cover, bool losses) {
  Stream s;
  const auto pick = [&](int64_t below) { return static_cast<int64_t>(random() % static_cast<uint64_t>(below)); };
  const int flows = 1 + static_cast<int>(pick(8));
  std::vector<int64_t> last_alike(static_cast<size_t>(flows), -cover - 4 * skew);
  std::vector<int64_t> last_old(static_cast<size_t>(flows)), last_new(static_cast<size_t>(flows));
  int64_t now = 0;
  for (int i = 0; i < packets; ++i) {
    now += pick(200);
    const auto flow = static_cast<size_t>(pick(flows));
    const bool alike = now - last_alike[flow] > cover + 4 * skew && pick(4) == 0;  // like others of its flow
    if (alike) last_alike[flow] = now;
    s.digests.push_back(alike ? flow : 1000 + static_cast<uint64_t>(i));
    const int64_t one = now + pick(skew + 1), other = now + pick(skew + 1);  // at most `skew` apart
    int64_t old_at = one, new_at = other;
    old_at = std::max(old_at, last_old[flow] + 1);
    new_at = std::max(new_at, last_new[flow] + 1);
    if (std::abs(old_at - new_at) > skew) old_at = new_at = std::max(old_at, new_at);
    last_old[flow] = old_at;
    last_new[flow] = new_at;
    if (!losses || pick(20) != 0) s.at_old.push_back({i, old_at});
    if (!losses || pick(20) != 0) s.at_new.push_back({i, new_at});
  }
  const auto by_time = [](const Stream::Seen& a, const Stream::Seen& b) { return a.at < b.at; };
  std::stable_sort(s.at_old.begin(), s.at_old.end(), by_time);
  std::stable_sort(s.at_new.begin(), s.at_new.end(), by_time);
  return s;
}

TEST_CASE(
    "[VR-38][VR-65][VR-67] two routers hear one stream: nothing is forwarded twice, and nothing is lost between them") {
  const bool losses = GENERATE(false, true);
  for (uint32_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed, losses);
    std::mt19937 random(seed);
    const int64_t skew = 1 + static_cast<int64_t>(random() % 5000);
    const int64_t under_way = static_cast<int64_t>(random() % 20'000);  // the report
    const int64_t cover = under_way + 2 * skew + 1;  // rounding to microseconds
    const Stream stream = MakeStream(random, 2000, skew, cover, losses);
    const int64_t end = stream.at_old.back().at;
    const int64_t takes = end / 4 + static_cast<int64_t>(random() % 20'000);     // the new router holds what comes
    const int64_t stop = takes + skew + static_cast<int64_t>(random() % 30'000);
    const int64_t noted = std::min(stop - cover, takes + 1000 - static_cast<int64_t>(random() % 2000));
    const int64_t reported = stop + under_way + static_cast<int64_t>(random() % 30'000);
    const int64_t said = stop + under_way;  // when the new router believes that the old one stopped

    std::map<int, int> times;  // forwarded, by packet
    std::vector<ForwardedPacket> report;
    for (const auto& [packet, at] : stream.at_old) {
      if (at >= stop) continue;
      ++times[packet];
      if (at >= noted) {
        report.push_back({stream.digests[static_cast<size_t>(packet)], static_cast<uint32_t>(stop - at)});
      }
    }
    std::vector<ReportedPacket> sorted = SortReport(report, At(said));
    ExactMatch match(absl::MakeSpan(sorted), At(said), microseconds(skew), microseconds(cover));
    for (const auto& [packet, at] : stream.at_new) {
      if (at < takes) continue;
      const bool looked_at = at < reported || At(at) < match.end();
      if (looked_at && match.WasForwarded(stream.digests[static_cast<size_t>(packet)], At(at))) continue;
      ++times[packet];
    }
    const auto heard = [](const std::vector<Stream::Seen>& list) {
      std::map<int, int64_t> when;
      for (const auto& [packet, at] : list) when[packet] = at;
      return when;
    };
    const auto old_heard = heard(stream.at_old), new_heard = heard(stream.at_new);
    for (int packet = 0; packet < 2000; ++packet) {
      const auto in_old = old_heard.find(packet), in_new = new_heard.find(packet);
      const bool old_could = in_old != old_heard.end() && in_old->second < stop;
      // What only one of them heard, only that one can forward; of what the new one alone heard early it may not know.
      const bool both = in_old != old_heard.end() && in_new != new_heard.end();
      if (!both && !old_could) continue;
      REQUIRE(times[packet] == 1);
    }
    for (const auto& [packet, count] : times) REQUIRE(count <= 1);
  }
}

}  // namespace
}  // namespace baton::dataplane
