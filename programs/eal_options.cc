#include "programs/eal_options.h"

#include <sched.h>

#include <algorithm>
#include <fstream>

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

namespace baton {
namespace {

size_t MeminfoValue(const std::string& name) {
  std::ifstream meminfo("/proc/meminfo");
  for (std::string key, value, rest; meminfo >> key >> value && std::getline(meminfo, rest);) {
    size_t number = 0;
    if (key == name && absl::SimpleAtoi(value, &number)) return number;
  }
  return 0;
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) machine.cpus.push_back(cpu);
  }
  machine.free_hugepage_bytes = MeminfoValue("HugePages_Free:") * MeminfoValue("Hugepagesize:") * 1024;
  return machine;
}

std::vector<std::string> TakeEalOptions(int* argc, char** argv) {
  for (int i = 1; i < *argc; ++i) {
    if (std::string(argv[i]) != "--") continue;
    std::vector<std::string> options(argv + i + 1, argv + *argc);
    *argc = i;
    argv[i] = nullptr;
    return options;
  }
  return {};
}

bool HasEalOption(const std::vector<std::string>& given, std::initializer_list<absl::string_view> options) {
  return std::any_of(given.begin(), given.end(), [&](const std::string& argument) {
    return std::any_of(options.begin(), options.end(), [&](absl::string_view option) {
      const std::string begin = option.size() == 2 ? std::string(option) : absl::StrCat(option, "=");
      return argument == option || absl::StartsWith(argument, begin);
    });
  });
}

std::string FloatingLcores(int workers, const std::vector<int>& cpus) {
  const std::string set = absl::StrCat("@(", absl::StrJoin(cpus, ","), ")");
  std::string lcores = absl::StrCat("--lcores=0", set);
  for (int worker = 1; worker <= workers; ++worker) absl::StrAppend(&lcores, ",", worker, set);
  return lcores;
}

dataplane::DeviceKind DeviceKindOf(controlplane::DeviceConfig::Kind kind) {
  using From = controlplane::DeviceConfig::Kind;
  using To = dataplane::DeviceKind;
  switch (kind) {
    case From::kPci: return To::kPci;
    case From::kAfPacket: return To::kAfPacket;
    case From::kAfXdp: return To::kAfXdp;
    case From::kTap: return To::kTap;
    case From::kMemif: return To::kMemif;
    case From::kPcap: return To::kPcap;
    case From::kRing: return To::kRing;
    case From::kNull: return To::kNull;
    case From::kDpdk: return To::kDpdk;
    case From::kPort: break;  // has none of its own
  }
  return To::kNull;
}

}  // namespace baton
