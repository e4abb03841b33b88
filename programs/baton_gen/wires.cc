#include "programs/baton_gen/wires.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_join.h>

namespace baton::generator {
namespace {

using From = controlplane::DeviceConfig::Kind;
using To = dataplane::DeviceKind;

// Rings of several ports, caches, and a burst here and there.
constexpr uint32_t kBuffers = 16384;
constexpr size_t kMebibytes = 96;

To KindOf(From kind) {
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
    case From::kPort: break;  // the reader refused it
  }
  return To::kNull;
}

bool IsHardware(From kind) { return kind == From::kPci || kind == From::kDpdk; }

bool Has(const std::vector<std::string>& given, std::initializer_list<absl::string_view> options) {
  return std::any_of(given.begin(), given.end(), [&](const std::string& argument) {
    return std::any_of(options.begin(), options.end(),
                       [&](absl::string_view option) { return absl::StartsWith(argument, option); });
  });
}

std::string AllowedCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return absl::StrJoin(cpus, ",");
}

size_t FreeHugeMebibytes() {
  std::ifstream meminfo("/proc/meminfo");
  size_t pages = 0, kib = 0;
  for (std::string key, value, rest; meminfo >> key >> value && std::getline(meminfo, rest);) {
    if (key == "HugePages_Free:") static_cast<void>(absl::SimpleAtoi(value, &pages));
    if (key == "Hugepagesize:") static_cast<void>(absl::SimpleAtoi(value, &kib));
  }
  return pages * kib / 1024;
}

}  // namespace

std::vector<std::string> EalArguments(const Profile& profile, const std::vector<std::string>& given) {
  std::vector<std::string> arguments;
  if (!Has(given, {"-l", "-c", "--lcores"})) {
    const std::string cpus = AllowedCpus();
    arguments.push_back(absl::StrCat("--lcores=0@(", cpus, "),1@(", cpus, ")"));
  }
  if (!Has(given, {"--file-prefix"})) arguments.push_back(absl::StrCat("--file-prefix=baton-gen-", getpid()));
  const bool hardware = std::any_of(profile.ports.begin(), profile.ports.end(),
                                    [](const PortProfile& port) { return IsHardware(port.device.kind); });
  if (!hardware && !Has(given, {"--no-pci", "-a", "--allow"})) arguments.push_back("--no-pci");
  if (!hardware && !Has(given, {"--no-telemetry"})) arguments.push_back("--no-telemetry");
  if (!Has(given, {"--no-huge", "-m", "--in-memory", "--socket-mem"})) {
    if (hardware && FreeHugeMebibytes() >= kMebibytes) {
      arguments.push_back("--in-memory");
    } else {
      arguments.insert(arguments.end(), {"--no-huge", "--no-shconf", "-m", absl::StrCat(kMebibytes)});
    }
  }
  arguments.insert(arguments.end(), given.begin(), given.end());
  return arguments;
}

absl::StatusOr<std::unique_ptr<Wires>> Wires::Open(const Profile& profile) {
  std::unique_ptr<Wires> wires(new Wires);
  ASSIGN_OR_RETURN(wires->buffers_, dataplane::DpdkBufferPool::Create("baton_gen", kBuffers));
  for (const PortProfile& port : profile.ports) {
    const dataplane::PortSpec spec{.name = port.name, .kind = KindOf(port.device.kind), .argument = port.device.argument,
                                   .mtu = port.mtu};
    ASSIGN_OR_RETURN(auto opened, dataplane::OpenPort(spec, *wires->buffers_));
    wires->links_.push_back(std::make_unique<DpdkLink>(*opened, 0, *wires->buffers_));
    wires->uses_.push_back({.link = wires->links_.back().get(), .mac = opened->mac(), .peer = {}});
    wires->ports_.push_back(std::move(opened));
    wires->shares_cpu_ = wires->shares_cpu_ || !IsHardware(port.device.kind);
  }
  return wires;
}

std::vector<PortResult> Wires::Results(const Profile& profile) const {
  std::vector<PortResult> results;
  for (size_t i = 0; i < ports_.size(); ++i) {
    const dataplane::PortStats stats = ports_[i]->stats();
    results.push_back({.name = profile.ports[i].name, .device = ports_[i]->device(), .received = stats.received,
                       .sent = stats.sent, .missed = stats.missed + stats.no_buffers,
                       .receive_errors = stats.receive_errors, .transmit_errors = stats.transmit_errors,
                       .link_up = ports_[i]->link().up});
  }
  return results;
}

}  // namespace baton::generator
