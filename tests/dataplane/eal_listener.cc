// For tests that need DPDK: starts it once, before the first test case of the program, without hugepages or root.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>

#include "dataplane/dpdk/eal.h"

namespace {

struct EalListener : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;

  void testRunStarting(const Catch::TestRunInfo&) override {
    const absl::Status started = baton::dataplane::StartEalForTests();
    if (started.ok()) return;
    std::fprintf(stderr, "%s\n", started.ToString().c_str());
    std::exit(1);
  }
  void testRunEnded(const Catch::TestRunStats&) override { baton::dataplane::StopEal(); }
};

CATCH_REGISTER_LISTENER(EalListener)

}  // namespace
