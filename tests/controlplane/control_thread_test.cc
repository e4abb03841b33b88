#include <catch2/catch.hpp>

#include "controlplane/control_thread.h"
#include "tests/controlplane/control_fixture.h"

namespace baton::controlplane {
namespace {

// No workers: what they commit is for control_test.cc; here only the loop is tested, and nothing is shared with it.
ControlSetup WithoutWorkers(FakePool& pool) {
  ControlSetup setup;
  setup.config = ControlConfig();
  setup.buffers = &pool;
  setup.build_routes = [](const RouteList&) { return std::shared_ptr<const RouteTable>(); };
  setup.request_time_limit = std::chrono::minutes(1);
  return setup;
}

TEST_CASE("the control thread carries out requests until it is stopped") {
  FakePool pool(1);
  Control control(WithoutWorkers(pool));
  REQUIRE(control.Start(Now()).ok());
  {
    ControlThread thread(control);
    CHECK(control.SetMode(Ip("198.51.100.10"), AddressMode::kNone).ok());
    CHECK(control.SetMode(Ip("198.51.100.99"), AddressMode::kNone).code() == absl::StatusCode::kNotFound);
    CHECK(control.GetView()->generation == 2);
  }
  CHECK(control.SetMode(Ip("198.51.100.10"), AddressMode::kNormal).code() == absl::StatusCode::kUnavailable);
  CHECK(control.GetView() != nullptr);  // the last picture stays
}

TEST_CASE("many threads may ask at once") {
  FakePool pool(1);
  Control control(WithoutWorkers(pool));
  REQUIRE(control.Start(Now()).ok());
  ControlThread thread(control);
  std::atomic<int> done = 0;
  std::vector<std::thread> askers;
  for (int i = 0; i < 4; ++i) {
    askers.emplace_back([&control, &done, i] {
      for (uint32_t n = 0; n < 25; ++n) {
        done += control.ChangeBackend({i % 2 ? "web" : "tls", i / 2 ? "s1" : "s2", n, std::nullopt}).ok();
      }
    });
  }
  for (std::thread& asker : askers) asker.join();
  CHECK(done == 100);
  const auto view = control.GetView();
  for (const ServiceView& service : view->services) {
    for (const BackendView& backend : service.backends) CHECK(backend.weight == 24);
  }
}

}  // namespace
}  // namespace baton::controlplane
