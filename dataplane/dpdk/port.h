// A port: one DPDK device, opened, configured and started; stopped and closed by its destructor. Made and destroyed by
// the main thread while no worker uses it; link() and stats() may be called by the control thread at any time.
#pragma once

#include <memory>
#include <string>

#include "common/addr.h"
#include "common/status.h"
#include "dataplane/dpdk/buffer_pool.h"
#include "dataplane/dpdk/driver_sockets.h"
#include "dataplane/dpdk/interface_state.h"
#include "dataplane/dpdk/spread.h"

struct rte_eth_conf;

namespace baton::dataplane {

enum class DeviceKind { kPci, kAfPacket, kAfXdp, kTap, kMemif, kPcap, kRing, kNull, kDpdk };

struct PortSpec {
  std::string name = {};  // as in the configuration; errors begin with it
  DeviceKind kind = DeviceKind::kNull;
  // kPci: the address; kAfPacket, kAfXdp, kTap: the interface, then `,key=value` of the driver; kMemif, kPcap, kNull:
  // `key=value,...` of the driver; kRing: a name, and two ports with the same name are joined; kDpdk: a device's name.
  std::string argument = {};
  uint16_t mtu = 1500;    // of the IP packet
  uint16_t vlan = 0;      // not 0: frames carry an 802.1Q tag
  uint16_t queues = 1;    // wanted of each direction: one per worker; the device may have fewer
  uint16_t descriptors = 1024;  // wanted per queue; the device may have other limits
  MacAddress mac = {};    // zero: the device's own
  SpreadSpec spread = {};  // wanted, with several queues
};

// The data room of buffers that a port with this MTU needs: a multiple of 1024 that holds the packet, the Ethernet
// header with a tag, and the 128 bytes with which af_packet describes a frame. 2048 for 1500.
inline uint32_t BufferRoom(uint32_t mtu) {
  const uint32_t room = (mtu + 18 + 128 + 1023) / 1024 * 1024;
  return room < DpdkBufferPool::kDataRoom ? uint32_t{DpdkBufferPool::kDataRoom} : room;
}

struct LinkState {
  bool up = false;
  uint32_t mbit_per_s = 0;  // 0: unknown
};

struct PortStats {
  uint64_t received = 0, received_bytes = 0, sent = 0, sent_bytes = 0;
  uint64_t missed = 0;          // no descriptor or frame was free
  uint64_t receive_errors = 0, transmit_errors = 0;
  uint64_t no_buffers = 0;      // the buffer pool was empty
};

class Device;  // device.h

class Port {
 public:
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  const std::string& name() const { return name_; }
  const std::string& device() const;  // DPDK's name for it
  uint16_t dpdk_id() const { return id_; }
  MacAddress mac() const { return mac_; }
  uint16_t mtu() const { return mtu_; }
  uint16_t queues() const { return queues_; }  // of each direction
  const Spreading& spreading() const { return spreading_; }
  LinkState link() const;
  PortStats stats() const;

 private:
  friend absl::StatusOr<std::unique_ptr<Port>> OpenPort(const PortSpec& spec, const DpdkBufferPool& pool);
  Port(const PortSpec& spec, std::unique_ptr<Device> device);
  absl::Status Configure(const PortSpec& spec, const DpdkBufferPool& pool);
  absl::Status ConfigureQueues(const PortSpec& spec, const rte_eth_dev_info& info, rte_eth_conf& conf);
  absl::Status SetUpQueues(const PortSpec& spec, const DpdkBufferPool& pool, uint64_t tx_offloads);
  absl::Status SetMtu(const PortSpec& spec);
  absl::Status SetMac(const MacAddress& wanted);
  absl::Status Error(absl::string_view what, int error) const;

  std::string name_;
  std::unique_ptr<Device> device_;
  uint16_t id_;
  bool configured_ = false;
  MacAddress mac_;
  uint16_t mtu_;
  uint16_t queues_ = 1;
  Spreading spreading_;
  mutable DriverSockets sockets_;
  std::unique_ptr<InterfaceState> interface_;  // of af_packet and af_xdp
};

// NotFound: no such device or interface; InvalidArgument: the device cannot do what `spec` says. The text names the
// port, the device and the reason: "port wan: no interface eth9".
absl::StatusOr<std::unique_ptr<Port>> OpenPort(const PortSpec& spec, const DpdkBufferPool& pool);

}  // namespace baton::dataplane
