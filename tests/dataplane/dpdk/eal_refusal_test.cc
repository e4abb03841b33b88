#include "dataplane/dpdk/eal.h"

#include <catch2/catch.hpp>

namespace baton::dataplane {

// In a program of its own: DPDK is not started yet.
TEST_CASE("an argument that DPDK does not understand is named, with what it said") {
  std::vector<std::string> lines;
  const absl::Status status = StartEal({"--no-huge", "--no-shconf", "--no-pci", "-m", "64", "--lcores=nonsense"},
                                       [&](absl::string_view line) { lines.emplace_back(line); });
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CAPTURE(status.message());
  CHECK(std::string(status.message()).find("--lcores=nonsense") != std::string::npos);
  CHECK(std::string(status.message()).find("invalid parameter for --lcores") != std::string::npos);
  REQUIRE_FALSE(lines.empty());
  for (const std::string& line : lines) CHECK(line.find('\n') == std::string::npos);
}

}  // namespace baton::dataplane
