// Catch2's main for tests that need DPDK: started once for all test cases of the program, without hugepages or root.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <cstdio>

#include "dataplane/dpdk/eal.h"

int main(int argc, char** argv) {
  const absl::Status started = baton::dataplane::StartEalForTests();
  if (!started.ok()) {
    std::fprintf(stderr, "%s\n", started.ToString().c_str());
    return 1;
  }
  const int result = Catch::Session().run(argc, argv);
  baton::dataplane::StopEal();
  return result;
}
