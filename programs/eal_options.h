// What our DPDK programs share of EAL options: those behind "--" on the command line, what of them the operator gave, and
// what this machine has. Main thread.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include <absl/strings/string_view.h>

#include "controlplane/config/config.h"
#include "dataplane/dpdk/port.h"

namespace baton {

struct Machine {
  std::vector<int> cpus;             // that this process may run on
  size_t free_hugepage_bytes = 0;
};

Machine ThisMachine();

// Takes what is behind "--" from the command line: it belongs to DPDK and must not reach gflags.
std::vector<std::string> TakeEalOptions(int* argc, char** argv);

// Whether one of the options is among those given: -l0,1 or -l 0,1; --lcores=0 or --lcores 0.
bool HasEalOption(const std::vector<std::string>& given, std::initializer_list<absl::string_view> options);

// "--lcores=...": main on lcore 0, workers on 1 and up, each on whichever CPU is free.
std::string FloatingLcores(int workers, const std::vector<int>& cpus);

dataplane::DeviceKind DeviceKindOf(controlplane::DeviceConfig::Kind kind);

}  // namespace baton
