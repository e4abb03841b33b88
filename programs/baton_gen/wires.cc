#include "programs/baton_gen/wires.h"

#include <unistd.h>

#include <algorithm>

#include <absl/strings/str_cat.h>

#include "programs/eal_options.h"

namespace baton::generator {
namespace {

using From = controlplane::DeviceConfig::Kind;

// Rings of several ports, caches, and a burst here and there.
constexpr uint32_t kBuffers = 16384;
constexpr size_t kMebibytes = 96;

bool IsHardware(From kind) { return kind == From::kPci || kind == From::kDpdk; }

}  // namespace

std::vector<std::string> EalArguments(const Profile& profile, const std::vector<std::string>& given) {
  const Machine machine = ThisMachine();
  std::vector<std::string> arguments;
  if (!HasEalOption(given, {"-l", "-c", "--lcores"})) {
    arguments.push_back(FloatingLcores(1, machine.cpus));
  }
  if (!HasEalOption(given, {"--file-prefix"})) arguments.push_back(absl::StrCat("--file-prefix=baton-gen-", getpid()));
  const bool hardware = std::any_of(profile.ports.begin(), profile.ports.end(),
                                    [](const PortProfile& port) { return IsHardware(port.device.kind); });
  if (!hardware && !HasEalOption(given, {"--no-pci", "-a", "--allow"})) arguments.push_back("--no-pci");
  if (!hardware && !HasEalOption(given, {"--no-telemetry"})) arguments.push_back("--no-telemetry");
  if (!HasEalOption(given, {"--no-huge", "-m", "--in-memory", "--socket-mem"})) {
    if (hardware && machine.free_hugepage_bytes >> 20 >= kMebibytes) {
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
    const dataplane::PortSpec spec{.name = port.name, .kind = DeviceKindOf(port.device.kind),
                                   .argument = port.device.argument, .mtu = port.mtu};
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
