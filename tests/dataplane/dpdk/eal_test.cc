#include "dataplane/dpdk/eal.h"

#include <atomic>

#include <catch2/catch.hpp>

namespace baton::dataplane {

TEST_CASE("DPDK is started once") {
  const absl::Status again = StartEal({"--no-huge"});
  CHECK(again.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(again.message()).find("already") != std::string::npos);
}

TEST_CASE("a worker runs on an lcore of its own, one at a time") {
  const std::vector<unsigned> lcores = WorkerLcores();
  REQUIRE_FALSE(lcores.empty());
  std::atomic<int> runs{0};
  std::atomic<bool> stop{false};
  const std::function<void()> body = [&] {
    ++runs;
    while (!stop) {
    }
  };
  REQUIRE(LaunchOnLcore(lcores[0], body).ok());
  CHECK(LaunchOnLcore(lcores[0], body).code() == absl::StatusCode::kFailedPrecondition);
  stop = true;
  WaitForLcore(lcores[0]);
  REQUIRE(LaunchOnLcore(lcores[0], body).ok());
  WaitForLcore(lcores[0]);
  CHECK(runs == 2);
}

}  // namespace baton::dataplane
