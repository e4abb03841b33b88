// Captures as the control thread starts and ends them: what is lent to whom, and when memory may go.
#include "controlplane/capture/capturing.h"

#include <catch2/catch.hpp>

#include "tests/controlplane/fake_worker.h"

namespace baton::controlplane {
namespace {

struct Fixture {
  FakeWorker a{4}, b{4};
  Capturing capturing{{&a, &b}};

  void Settle() {
    for (const auto& [index, worker] : {std::pair{0, &a}, std::pair{1, &b}}) {
      worker->TakeAll();
      for (Event event; worker->Take(&event);) capturing.OnEnded(index);
    }
  }
};

TEST_CASE("every worker gets a ring of its own, and gives it back when the reader is gone") {
  Fixture f;
  auto session = f.capturing.Start({.snap_length = 64});
  REQUIRE(session.ok());
  f.Settle();
  REQUIRE(f.a.capture != nullptr);
  REQUIRE(f.b.capture != nullptr);
  CHECK(f.a.capture != f.b.capture);
  CHECK(f.a.capture->settings().snap_length == 64);
  const std::weak_ptr<CaptureSession> alive = *session;
  { CaptureReader reader(*std::move(session)); }
  f.capturing.Tick();
  CHECK_FALSE(alive.expired());  // the workers still write
  f.a.TakeAll();
  f.capturing.OnEnded(0);
  CHECK_FALSE(alive.expired());
  f.b.TakeAll();
  f.capturing.OnEnded(1);
  CHECK(alive.expired());
  CHECK_FALSE(f.capturing.active());
}

TEST_CASE("a second capture is refused while the first one lasts, and until its rings are back") {
  Fixture f;
  auto first = f.capturing.Start({});
  REQUIRE(first.ok());
  CHECK(absl::IsFailedPrecondition(f.capturing.Start({}).status()));
  { CaptureReader reader(*std::move(first)); }
  CHECK(absl::IsFailedPrecondition(f.capturing.Start({}).status()));
  f.Settle();
  f.capturing.Tick();
  f.Settle();
  CHECK(f.capturing.Start({}).ok());
}

TEST_CASE("a worker whose ring of updates is full is asked again, or not at all when the reader is gone first") {
  Fixture f;
  for (int i = 0; i < 4; ++i) f.a.updates.push_back(Commit{1});
  auto session = f.capturing.Start({});
  REQUIRE(session.ok());
  CHECK(f.a.updates.size() == 4);
  CHECK(f.b.updates.size() == 1);
  SECTION("asked again") {
    f.a.updates.clear();
    f.capturing.Tick();
    CHECK(f.a.updates.size() == 1);
  }
  SECTION("not at all") {
    { CaptureReader reader(*std::move(session)); }
    f.capturing.Tick();
    f.a.updates.clear();
    f.b.TakeAll();
    f.capturing.OnEnded(1);
    CHECK(f.a.updates.empty());
    CHECK_FALSE(f.capturing.active());
  }
}

TEST_CASE("a snap length that makes no sense is refused") {
  Fixture f;
  CHECK(f.capturing.Start({.snap_length = 15}).status().message() == "snap_length: 15 is outside 16..9216");
  CHECK_FALSE(f.capturing.Start({.snap_length = 9217}).ok());
  CHECK_FALSE(f.capturing.active());
}

TEST_CASE("a capture has begun when every worker copies") {
  const auto session = std::make_shared<CaptureSession>();
  for (int i = 0; i < 2; ++i) session->rings.push_back(std::make_unique<CaptureRing>(CaptureSettings{}, 8));
  const CaptureReader reader(session);
  CHECK_FALSE(reader.begun());
  session->rings[1]->Begin();
  CHECK_FALSE(reader.begun());
  session->rings[0]->Begin();
  CHECK(reader.begun());
}

TEST_CASE("packets of several workers come in the order of their times") {
  CaptureSession session;
  for (int i = 0; i < 2; ++i) session.rings.push_back(std::make_unique<CaptureRing>(CaptureSettings{}, 8));
  const auto put = [&](int worker, int at) {
    CaptureRing& ring = *session.rings[static_cast<size_t>(worker)];
    ring.At(ring.published()) = {};
    ring.At(ring.published()).at = TimePoint(std::chrono::nanoseconds(at));
    ring.BytesAt(ring.published())[0] = static_cast<uint8_t>(at);
    ring.Publish(ring.published() + 1);
  };
  put(0, 3);
  put(1, 1);
  put(0, 4);
  put(1, 9);
  CaptureReader reader(std::shared_ptr<CaptureSession>(&session, [](CaptureSession*) {}));
  std::vector<int> order;
  while (reader.Next([&](const CapturedPacket&, const uint8_t* bytes) { order.push_back(bytes[0]); })) {}
  CHECK(order == std::vector<int>{1, 3, 4, 9});
}

}  // namespace
}  // namespace baton::controlplane
