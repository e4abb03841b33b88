#include "dataplane/dpdk/device.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/dpdk/eal.h"

namespace baton::dataplane {
namespace {

constexpr unsigned kWireFrames = 1024;

// "eth0,framecnt=512" -> "eth0" and ",framecnt=512".
std::pair<std::string, std::string> SplitInterface(const std::string& argument) {
  const size_t comma = argument.find(',');
  if (comma == std::string::npos) return {argument, ""};
  return {argument.substr(0, comma), argument.substr(comma)};
}

// The driver's ring lies in memory that it shares with the kernel, in blocks of frames; it wants blocks to be whole
// pages and frames to fit a buffer. 2048 frames bridge the milliseconds for which a busy machine may not schedule us;
// what the user adds behind the interface's name comes last and wins.
std::string AfPacketArguments(const PortSpec& spec) {
  const auto [interface, more] = SplitInterface(spec.argument);
  const uint32_t frame = BufferRoom(spec.mtu);
  return absl::StrCat("iface=", interface, ",qpairs=", spec.queues, ",blocksz=", 4 * frame, ",framesz=", frame,
                      ",framecnt=2048", more);
}

absl::Status RequireInterface(const std::string& interface) {
  if (interface.empty()) return absl::InvalidArgumentError("no interface is named");
  if (if_nametoindex(interface.c_str()) == 0) return absl::NotFoundError(absl::StrCat("no interface ", interface));
  return absl::OkStatus();
}

// The kernel's MTU decides what such a port can send. DPDK's driver would set it too, but none above 1500.
absl::Status SetKernelMtu(const std::string& interface, uint16_t mtu) {
  const int control = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request = {};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  request.ifr_mtu = mtu;
  const int error = control >= 0 && ioctl(control, SIOCSIFMTU, &request) == 0 ? 0 : errno;
  if (control >= 0) close(control);
  if (error == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("interface ", interface, " refuses mtu ", mtu, ": ",
                                                 DpdkError(error)));
}

// The queues that the driver can use of a network card that the kernel drives: its combined channels. Virtual Ethernet
// has none of these, and the driver then takes one queue.
uint16_t ChannelsOf(const std::string& interface) {
  const int control = socket(AF_INET, SOCK_DGRAM, 0);
  if (control < 0) return 1;
  ethtool_channels channels = {};
  channels.cmd = ETHTOOL_GCHANNELS;
  ifreq request = {};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&channels);
  const bool known = ioctl(control, SIOCETHTOOL, &request) == 0;
  close(control);
  return known && channels.combined_count > 0 ? static_cast<uint16_t>(channels.combined_count) : uint16_t{1};
}

}  // namespace

// Two rings, one for each way. The first port that names the wire gets one end, the second the other.
struct Device::Wire {
  rte_ring* way[2] = {};
  bool end_in_use[2] = {};

  ~Wire() {
    for (rte_ring* ring : way) {
      void* mbuf;  // frames that nobody received
      while (ring != nullptr && rte_ring_dequeue(ring, &mbuf) == 0) rte_pktmbuf_free(static_cast<rte_mbuf*>(mbuf));
      rte_ring_free(ring);
    }
  }
};

absl::StatusOr<std::unique_ptr<Device>> Device::Open(const PortSpec& spec) {
  const auto [interface, more] = SplitInterface(spec.argument);
  switch (spec.kind) {
    case DeviceKind::kAfPacket:
      RETURN_IF_ERROR(RequireInterface(interface));
      RETURN_IF_ERROR(SetKernelMtu(interface, spec.mtu));
      return Make("net_af_packet_" + spec.name, AfPacketArguments(spec));
    case DeviceKind::kAfXdp:
      RETURN_IF_ERROR(RequireInterface(interface));
      RETURN_IF_ERROR(SetKernelMtu(interface, spec.mtu));
      return Make(
          "net_af_xdp_" + spec.name,
          absl::StrCat("iface=", interface, ",queue_count=", std::min(spec.queues, ChannelsOf(interface)), more));
    case DeviceKind::kTap:
      if (interface.empty()) return absl::InvalidArgumentError("no interface is named");
      return Make("net_tap_" + spec.name, absl::StrCat("iface=", interface, more));
    case DeviceKind::kMemif: return Make("net_memif_" + spec.name, spec.argument);
    case DeviceKind::kPcap: return Make("net_pcap_" + spec.name, spec.argument);
    case DeviceKind::kNull: return Make("net_null_" + spec.name, spec.argument);
    case DeviceKind::kRing: return Join(spec);
    case DeviceKind::kPci:
    case DeviceKind::kDpdk: break;
  }
  std::unique_ptr<Device> device(new Device);
  device->name_ = spec.argument;
  if (rte_eth_dev_get_port_by_name(spec.argument.c_str(), &device->id_) == 0) return device;
  if (spec.kind == DeviceKind::kDpdk) {
    return absl::NotFoundError(absl::StrCat("DPDK has no device \"", spec.argument, "\"; is there a --vdev for it?"));
  }
  if (const int error = rte_dev_probe(spec.argument.c_str()); error != 0) {
    return absl::NotFoundError(absl::StrCat("no usable PCI device ", spec.argument, ": ", DpdkError(error),
                                            "; is it bound to vfio-pci?"));
  }
  if (rte_eth_dev_get_port_by_name(spec.argument.c_str(), &device->id_) == 0) return device;
  return absl::NotFoundError(absl::StrCat("PCI device ", spec.argument, " is no Ethernet device that DPDK can drive"));
}

Device::~Device() {
  if (made_) rte_eal_hotplug_remove("vdev", name_.c_str());
  if (wire_ != nullptr) wire_->end_in_use[end_] = false;
}

absl::StatusOr<std::unique_ptr<Device>> Device::Make(const std::string& name, const std::string& arguments) {
  if (name.size() >= RTE_ETH_NAME_MAX_LEN) return absl::InvalidArgumentError("the port's name is too long");
  if (const int error = rte_eal_hotplug_add("vdev", name.c_str(), arguments.c_str()); error != 0) {
    return absl::InvalidArgumentError(absl::StrCat("DPDK makes no device \"", name, ",", arguments, "\": ",
                                                   DpdkError(error)));
  }
  std::unique_ptr<Device> device(new Device);
  device->name_ = name;
  device->made_ = true;
  if (rte_eth_dev_get_port_by_name(name.c_str(), &device->id_) == 0) return device;
  return absl::InternalError(absl::StrCat("DPDK made no port for \"", name, "\""));
}

absl::StatusOr<std::shared_ptr<Device::Wire>> Device::FindOrMakeWire(const std::string& name) {
  static auto* wires = new std::map<std::string, std::weak_ptr<Wire>>;  // main thread only
  std::shared_ptr<Wire> wire = (*wires)[name].lock();
  if (wire != nullptr) return wire;
  wire = std::make_shared<Wire>();
  for (int i = 0; i < 2; ++i) {
    const std::string ring = absl::StrCat("wire_", name, "_", i);
    wire->way[i] = rte_ring_create(ring.c_str(), kWireFrames, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
    if (wire->way[i] == nullptr) {
      return absl::ResourceExhaustedError(absl::StrCat("no ring \"", ring, "\": ", DpdkError(rte_errno)));
    }
  }
  (*wires)[name] = wire;
  return wire;
}

absl::StatusOr<std::unique_ptr<Device>> Device::Join(const PortSpec& spec) {
  ASSIGN_OR_RETURN(std::shared_ptr<Wire> wire, FindOrMakeWire(spec.argument));
  const int end = wire->end_in_use[0] ? 1 : 0;
  if (wire->end_in_use[end]) {
    return absl::AlreadyExistsError(absl::StrCat("ring ", spec.argument, " already joins two ports"));
  }
  const int id = rte_eth_from_rings(spec.name.c_str(), &wire->way[end], 1, &wire->way[1 - end], 1, SOCKET_ID_ANY);
  if (id < 0) return absl::InternalError(absl::StrCat("DPDK makes no ring device: ", DpdkError(rte_errno)));
  std::unique_ptr<Device> device(new Device);
  device->name_ = "net_ring_" + spec.name;
  device->id_ = static_cast<uint16_t>(id);
  device->made_ = true;
  device->end_ = end;
  wire->end_in_use[end] = true;
  device->wire_ = std::move(wire);
  return device;
}

}  // namespace baton::dataplane
