// Requests to explain a packet: what is lent to workers, in which order, and who is answered.
#include "controlplane/explaining.h"

#include <catch2/catch.hpp>

#include "tests/controlplane/fake_worker.h"

namespace baton::controlplane {
namespace {

using AskedFrame = std::shared_ptr<Question<Explaining::Answer>>;
constexpr Duration kAnswerLimit = std::chrono::seconds(1);
const TimePoint kAskedAt{std::chrono::hours(1)};

struct TwoWorkers {
  FakeWorker a{4}, b{4};
  Explaining explaining{{&a, &b}, kAnswerLimit};

  AskedFrame Ask(const FrameToExplain& frame) {
    auto question = std::make_shared<Question<Explaining::Answer>>();
    REQUIRE(explaining.Start(frame, question).ok());
    return question;
  }
  // Lets both workers and the requests work until nothing is to do.
  void Settle(TimePoint now = kAskedAt) {
    explaining.Tick(now);
    for (int worked = 1; worked != 0;) {
      worked = 0;
      for (const auto& [index, worker] : {std::pair{0, &a}, std::pair{1, &b}}) {
        worker->TakeAll();
        for (Event event; worker->Take(&event); ++worked) explaining.OnExplained(index, now);
      }
    }
  }
};

TEST_CASE("the worker that owns the flow answers") {
  struct Case { const char* name; bool a_elsewhere, b_elsewhere; int worker; };
  const auto c = GENERATE(values<Case>({
      {"the first one", false, true, 0},
      {"the second one", true, false, 1},
      {"a packet that stays where it comes in", false, false, 0},
  }));
  CAPTURE(c.name);
  TwoWorkers f;
  f.a.explain_elsewhere = c.a_elsewhere;
  f.b.explain_elsewhere = c.b_elsewhere;
  const AskedFrame question = f.Ask({.port = 1, .bytes = {1, 2, 3}});
  f.Settle();
  const auto answer = question->Wait(Duration::zero());
  REQUIRE(answer.ok());
  CHECK(answer->worker == c.worker);
  CHECK_FALSE(f.explaining.busy());
}

TEST_CASE("a worker gets the frame behind the headroom, in a trace without remains of another packet") {
  TwoWorkers f;
  f.a.explain_row = PacketTrace::RowIs::kFound;
  f.Ask({.port = 1, .bytes = {1, 2, 3, 4}});
  f.Settle();
  f.a.explain_row = PacketTrace::RowIs::kNone;
  const AskedFrame question = f.Ask({.port = 0, .bytes = {9}});
  f.Settle();
  const auto answer = question->Wait(Duration::zero());
  REQUIRE(answer.ok());
  CHECK(answer->trace.port == 0);
  CHECK(answer->trace.length == 1);
  CHECK(answer->trace.bytes[PacketTrace::kHeadroom] == 9);
  CHECK(answer->trace.bytes[PacketTrace::kHeadroom + 1] == 0);
  CHECK(answer->trace.row_is == PacketTrace::RowIs::kNone);
}

TEST_CASE("a worker that does not answer in time is named, and its trace is not lent again before it is back") {
  TwoWorkers f;
  const AskedFrame late = f.Ask({.port = 0, .bytes = {1}});
  f.explaining.Tick(kAskedAt);
  REQUIRE(f.a.updates.size() == 1);
  f.explaining.Tick(kAskedAt + kAnswerLimit);
  const auto refused = late->Wait(Duration::zero());
  REQUIRE(absl::IsUnavailable(refused.status()));
  CHECK(refused.status().message() == "worker 0: did not explain the packet in time");

  const AskedFrame next = f.Ask({.port = 1, .bytes = {2}});
  f.explaining.Tick(kAskedAt + kAnswerLimit);
  CHECK(f.a.updates.size() == 1);  // still the one of before
  f.Settle(kAskedAt + kAnswerLimit);
  const auto answer = next->Wait(Duration::zero());
  REQUIRE(answer.ok());
  CHECK(answer->trace.port == 1);
}

TEST_CASE("a full ring delays a request and loses nothing") {
  TwoWorkers f;
  for (int i = 0; i < 4; ++i) f.a.updates.push_back(Commit{1});
  const AskedFrame question = f.Ask({.port = 0, .bytes = {1}});
  f.explaining.Tick(kAskedAt);
  CHECK(f.a.updates.size() == 4);
  f.a.updates.clear();
  f.Settle();
  CHECK(question->Wait(Duration::zero()).ok());
}

TEST_CASE("more requests than wait are refused, those that wait are answered at the end") {
  TwoWorkers f;
  std::vector<AskedFrame> asked;
  for (size_t i = 0; i < Explaining::kMostWaiting; ++i) asked.push_back(f.Ask({.port = 0, .bytes = {1}}));
  CHECK(absl::IsResourceExhausted(f.explaining.Start({}, std::make_shared<Question<Explaining::Answer>>())));
  f.explaining.Close();
  for (const AskedFrame& question : asked) CHECK(absl::IsUnavailable(question->Wait(Duration::zero()).status()));
}

TEST_CASE("a worker without tables cannot tell") {
  TwoWorkers f;
  f.a.explain_ready = f.b.explain_ready = false;
  const AskedFrame question = f.Ask({.port = 0, .bytes = {1}});
  f.Settle();
  CHECK(question->Wait(Duration::zero()).status().message() == "the workers have no tables yet");
}

}  // namespace
}  // namespace baton::controlplane
