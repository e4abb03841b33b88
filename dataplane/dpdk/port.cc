#include "dataplane/dpdk/port.h"

#include <algorithm>
#include <utility>

#include <rte_ethdev.h>

#include "dataplane/dpdk/device.h"
#include "dataplane/dpdk/eal.h"

namespace baton::dataplane {
namespace {

constexpr absl::string_view kSoftware = "software steering: ";

}  // namespace

Port::Port(const PortSpec& spec, std::unique_ptr<Device> device)
    : name_(spec.name), device_(std::move(device)), id_(device_->id()), mtu_(spec.mtu) {}

Port::~Port() {
  if (!configured_) return;
  rte_eth_dev_stop(id_);
  rte_eth_dev_close(id_);
}

const std::string& Port::device() const { return device_->name(); }

absl::Status Port::Error(absl::string_view what, int error) const {
  return absl::InvalidArgumentError(absl::StrCat("port ", name_, ": ", what, ": ", DpdkError(error)));
}

absl::StatusOr<std::unique_ptr<Port>> OpenPort(const PortSpec& spec, const DpdkBufferPool& pool) {
  if (const uint32_t room = BufferRoom(spec.mtu); room > pool.data_room()) {
    return absl::InvalidArgumentError(absl::StrCat("port ", spec.name, ": mtu ", spec.mtu, " needs buffers of ", room,
                                                   " bytes; they have ", pool.data_room()));
  }
  const std::vector<int> sockets = DriverSockets::OpenNow();
  absl::StatusOr<std::unique_ptr<Device>> device = Device::Open(spec);
  if (!device.ok()) {
    return absl::Status(device.status().code(), absl::StrCat("port ", spec.name, ": ", device.status().message()));
  }
  std::unique_ptr<Port> port(new Port(spec, *std::move(device)));
  RETURN_IF_ERROR(port->Configure(spec, pool));
  port->sockets_.Take(sockets);
  if (spec.kind == DeviceKind::kAfPacket || spec.kind == DeviceKind::kAfXdp) {
    port->interface_ = std::make_unique<InterfaceState>(spec.argument.substr(0, spec.argument.find(',')));
  }
  return port;
}

absl::Status Port::Configure(const PortSpec& spec, const DpdkBufferPool& pool) {
  rte_eth_dev_info info;
  if (const int error = rte_eth_dev_info_get(id_, &info); error != 0) return Error("tells nothing about itself", error);
  queues_ = std::max<uint16_t>(1, std::min({spec.queues, info.max_rx_queues, info.max_tx_queues}));
  rte_eth_conf conf = {};
  // Every frame we send is one buffer of the one pool, which nobody else refers to.
  conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
  configured_ = true;  // from here on there is something to close
  RETURN_IF_ERROR(ConfigureQueues(spec, info, conf));
  RETURN_IF_ERROR(SetMtu(spec));
  RETURN_IF_ERROR(SetUpQueues(spec, pool, conf.txmode.offloads));
  if (const int error = rte_eth_dev_start(id_); error != 0) return Error("does not start", error);
  // Frames to virtual MAC addresses must arrive; the parser drops what is not for us. Some virtual devices have no
  // mode.
  if (const int error = rte_eth_promiscuous_enable(id_); error != 0 && error != -ENOTSUP) {
    return Error("does not become promiscuous", error);
  }
  if (spreading_.by != SpreadBy::kNothing) {  // after the start: some drivers set a table of their own there
    const absl::Status set = SetSpread(id_, conf.rx_adv_conf.rss_conf.rss_hf, info, queues_);
    if (!set.ok()) spreading_ = {SpreadBy::kNothing, absl::StrCat(kSoftware, std::string(set.message()))};
  }
  return SetMac(spec.mac);
}

// As many queues as are wanted and can be had, with RSS as `spec` wants it, if the device can; else by whatever it
// hashes, and the workers steer.
absl::Status Port::ConfigureQueues(const PortSpec& spec, const rte_eth_dev_info& info, rte_eth_conf& conf) {
  std::string key = SpreadKey(info.hash_key_size);
  if (queues_ < spec.queues) {
    spreading_.text = absl::StrCat(kSoftware, "the device has too few queues");
  } else if (spec.queues > 1) {
    const absl::StatusOr<uint64_t> types = SpreadHashTypes(spec.spread, info, queues_);
    spreading_.text =
        types.ok() ? SpreadText(spec.spread) : absl::StrCat(kSoftware, std::string(types.status().message()));
    if (types.ok()) {
      spreading_.by = spec.spread.by;
      conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
      conf.rx_adv_conf.rss_conf = {reinterpret_cast<uint8_t*>(key.data()), static_cast<uint8_t>(key.size()), *types};
      const int error = rte_eth_dev_configure(id_, queues_, queues_, &conf);
      conf.rx_adv_conf.rss_conf.rss_key = nullptr;
      if (error == 0) return absl::OkStatus();
      spreading_ = {SpreadBy::kNothing, absl::StrCat(kSoftware, "the device refuses the hash: ", DpdkError(error))};
      conf.rx_adv_conf.rss_conf = {};
    }
  }
  if (queues_ > 1 && info.flow_type_rss_offloads != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf =
        info.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
  }
  const int error = rte_eth_dev_configure(id_, queues_, queues_, &conf);
  return error == 0 ? absl::OkStatus() : Error(absl::StrCat("refuses ", queues_, " queues"), error);
}

absl::Status Port::SetUpQueues(const PortSpec& spec, const DpdkBufferPool& pool, uint64_t tx_offloads) {
  uint16_t rx = spec.descriptors, tx = spec.descriptors;
  if (const int error = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx, &tx); error != 0) {
    return Error(absl::StrCat("refuses ", spec.descriptors, " descriptors"), error);
  }
  const int socket = rte_eth_dev_socket_id(id_);
  rte_eth_dev_info info;
  if (const int error = rte_eth_dev_info_get(id_, &info); error != 0) return Error("tells nothing about itself", error);
  rte_eth_txconf tx_conf = info.default_txconf;
  tx_conf.offloads = tx_offloads;
  for (uint16_t queue = 0; queue < queues_; ++queue) {
    if (const int error = rte_eth_rx_queue_setup(id_, queue, rx, socket, nullptr, pool.mempool()); error != 0) {
      return Error(absl::StrCat("receive queue ", queue), error);
    }
    if (const int error = rte_eth_tx_queue_setup(id_, queue, tx, socket, &tx_conf); error != 0) {
      return Error(absl::StrCat("transmit queue ", queue), error);
    }
  }
  return absl::OkStatus();
}

absl::Status Port::SetMtu(const PortSpec& spec) {
  if (spec.kind == DeviceKind::kAfPacket || spec.kind == DeviceKind::kAfXdp) return absl::OkStatus();  // Device did
  uint16_t now = 0;
  if (rte_eth_dev_get_mtu(id_, &now) == 0 && now == spec.mtu) return absl::OkStatus();
  const int error = rte_eth_dev_set_mtu(id_, spec.mtu);
  if (error == 0 || error == -ENOTSUP) return absl::OkStatus();  // those without are virtual and take any length
  rte_eth_dev_info info = {};
  if (rte_eth_dev_info_get(id_, &info) != 0) return Error(absl::StrCat("mtu ", spec.mtu), error);
  return Error(absl::StrCat("mtu ", spec.mtu, " (", device(), " takes ", info.min_mtu, "..", info.max_mtu,
                            " and frames of at most ", info.max_rx_pktlen, " bytes)"), error);
}

// A device that cannot change its address still receives the frames: it is promiscuous.
absl::Status Port::SetMac(const MacAddress& wanted) {
  rte_ether_addr own;
  if (const int error = rte_eth_macaddr_get(id_, &own); error != 0) return Error("has no MAC address", error);
  mac_ = MacAddress::From(own.addr_bytes);
  if (wanted.is_zero() || wanted == mac_) return absl::OkStatus();
  if (wanted.is_group()) {
    return absl::InvalidArgumentError(absl::StrCat("port ", name_, ": mac ", wanted.ToString(), " is a group address"));
  }
  std::copy(wanted.bytes.begin(), wanted.bytes.end(), own.addr_bytes);
  if (const int error = rte_eth_dev_default_mac_addr_set(id_, &own); error != 0 && error != -ENOTSUP) {
    return Error(absl::StrCat("mac ", wanted.ToString()), error);
  }
  mac_ = wanted;
  return absl::OkStatus();
}

LinkState Port::link() const {
  if (interface_ != nullptr && !interface_->running()) return {};
  rte_eth_link link;
  if (rte_eth_link_get_nowait(id_, &link) != 0) return {};
  return {.up = link.link_status == RTE_ETH_LINK_UP,
          .mbit_per_s = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed};
}

PortStats Port::stats() const {
  rte_eth_stats s;
  if (rte_eth_stats_get(id_, &s) != 0) return {};
  return {.received = s.ipackets,
          .received_bytes = s.ibytes,
          .sent = s.opackets,
          .sent_bytes = s.obytes,
          .missed = s.imissed + sockets_.Missed(),
          .receive_errors = s.ierrors,
          .transmit_errors = s.oerrors,
          .no_buffers = s.rx_nombuf};
}

}  // namespace baton::dataplane
