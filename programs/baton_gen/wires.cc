#include "programs/baton_gen/wires.h"

#include <unistd.h>

#include <algorithm>

#include <absl/strings/str_cat.h>

#include "programs/eal_options.h"

namespace baton::generator {
namespace {

using From = controlplane::DeviceConfig::Kind;

// Rings of several ports, caches, and a burst here and there.
constexpr uint32_t kBuffers = 16384, kBuffersPerCore = 8192;  // PerCore: for each but the first
constexpr size_t kMebibytes = 96, kMebibytesPerCore = 40;  // PerCore: the same, measured up to 16

bool IsHardware(From kind) { return kind == From::kPci || kind == From::kDpdk; }

}  // namespace

std::vector<std::string> EalArguments(const Profile& profile, const std::vector<std::string>& given) {
  const Machine machine = ThisMachine();
  std::vector<std::string> arguments;
  if (!HasEalOption(given, {"-l", "-c", "--lcores"})) {
    arguments.push_back(FloatingLcores(profile.cores, machine.cpus));
  }
  if (!HasEalOption(given, {"--file-prefix"})) arguments.push_back(absl::StrCat("--file-prefix=baton-gen-", getpid()));
  const bool hardware = std::any_of(profile.ports.begin(), profile.ports.end(),
                                    [](const PortProfile& port) { return IsHardware(port.device.kind); });
  if (!hardware && !HasEalOption(given, {"--no-pci", "-a", "--allow"})) arguments.push_back("--no-pci");
  if (!hardware && !HasEalOption(given, {"--no-telemetry"})) arguments.push_back("--no-telemetry");
  const size_t mebibytes = kMebibytes + kMebibytesPerCore * (profile.cores - 1u);
  if (!HasEalOption(given, {"--no-huge", "-m", "--in-memory", "--socket-mem"})) {
    if (hardware && machine.free_hugepage_bytes >> 20 >= mebibytes) {
      arguments.push_back("--in-memory");
    } else {
      arguments.insert(arguments.end(), {"--no-huge", "--no-shconf", "-m", absl::StrCat(mebibytes)});
    }
  }
  arguments.insert(arguments.end(), given.begin(), given.end());
  return arguments;
}

absl::StatusOr<std::unique_ptr<Wires>> Wires::Open(const Profile& profile) {
  std::unique_ptr<Wires> wires(new Wires);
  ASSIGN_OR_RETURN(wires->buffers_, dataplane::DpdkBufferPool::Create("baton_gen", kBuffers + kBuffersPerCore * (profile.cores - 1u)));
  wires->uses_.resize(profile.cores);
  for (const PortProfile& port : profile.ports) {
    const dataplane::PortSpec spec{.name = port.name, .kind = DeviceKindOf(port.device.kind),
                                   .argument = port.device.argument, .mtu = port.mtu, .queues = profile.cores};
    ASSIGN_OR_RETURN(auto opened, dataplane::OpenPort(spec, *wires->buffers_));
    wires->Connect(*opened);
    wires->ports_.push_back(std::move(opened));
    wires->shares_cpu_ = wires->shares_cpu_ || !IsHardware(port.device.kind);
  }
  return wires;
}

// A queue for each core; cores for which there is none send through the queues of others.
void Wires::Connect(const dataplane::Port& port) {
  const size_t cores = uses_.size(), queues = port.queues();
  for (size_t core = 0; core < cores && core < queues; ++core) {
    auto& link = links_.emplace_back(std::make_unique<DpdkLink>(port, static_cast<uint16_t>(core), *buffers_));
    Link* used = link.get();
    if (core + queues < cores) used = lenders_.emplace_back(std::make_unique<LendingLink>(*link)).get();
    uses_[core].push_back({.link = used, .mac = port.mac(), .peer = {}});
  }
  for (size_t core = queues; core < cores; ++core) {
    auto& lender = static_cast<LendingLink&>(*uses_[core % queues].back().link);
    uses_[core].push_back({.link = &lender.Lend(), .mac = port.mac(), .peer = {}});
  }
}

std::vector<PortResult> Wires::Results(const Profile& profile, const LinkWatch& links) const {
  std::vector<PortResult> results;
  for (size_t i = 0; i < ports_.size(); ++i) {
    const dataplane::PortStats stats = ports_[i]->stats();
    results.push_back({.name = profile.ports[i].name, .device = ports_[i]->device(), .received = stats.received,
                       .sent = stats.sent, .missed = stats.missed + stats.no_buffers,
                       .receive_errors = stats.receive_errors, .transmit_errors = stats.transmit_errors,
                       .link_up = ports_[i]->link().up, .times_down = links.seen(i).times_down,
                       .down_s = static_cast<double>(links.seen(i).down_ns) / 1e9});
  }
  return results;
}

}  // namespace baton::generator
