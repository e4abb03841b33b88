#include "controlplane/words.h"

#include "common/headers.h"

namespace baton::controlplane {

absl::string_view Word(AddressKind kind) {
  switch (kind) {
    case AddressKind::kOwn: return "own";
    case AddressKind::kExternal: return "external";
    case AddressKind::kInternal: return "internal";
  }
  return "?";
}

absl::string_view Word(AddressMode mode) {
  switch (mode) {
    case AddressMode::kNone: return "none";
    case AddressMode::kNormal: return "normal";
    case AddressMode::kMigration: return "migration";
  }
  return "?";
}

absl::string_view Word(ForwardMethod method) {
  switch (method) {
    case ForwardMethod::kDestination: return "destination";
    case ForwardMethod::kFull: return "full";
    case ForwardMethod::kDirect: return "direct";
    case ForwardMethod::kTunnel: return "tunnel";
  }
  return "?";
}

absl::string_view Word(Application application) {
  switch (application) {
    case Application::kNone: return "none";
    case Application::kFtp: return "ftp";
  }
  return "?";
}

absl::string_view Word(Schedule schedule) {
  switch (schedule) {
    case Schedule::kWeight: return "weight";
    case Schedule::kRoundRobin: return "round_robin";
    case Schedule::kLeastLoad: return "least_load";
    case Schedule::kMaglev: return "maglev";
  }
  return "?";
}

absl::string_view Word(RowState state) {
  switch (state) {
    case RowState::kTcpSyn: return "tcp_syn";
    case RowState::kTcpEstablished: return "tcp_established";
    case RowState::kTcpFin: return "tcp_fin";
    case RowState::kTcpTimeWait: return "tcp_time_wait";
    case RowState::kTcpReset: return "tcp_reset";
    case RowState::kUdp: return "udp";
    case RowState::kIcmp: return "icmp";
  }
  return "?";
}

absl::string_view Word(DeviceConfig::Kind kind) {
  switch (kind) {
    case DeviceConfig::Kind::kPci: return "";
    case DeviceConfig::Kind::kAfPacket: return "af_packet:";
    case DeviceConfig::Kind::kAfXdp: return "af_xdp:";
    case DeviceConfig::Kind::kTap: return "tap:";
    case DeviceConfig::Kind::kMemif: return "memif:";
    case DeviceConfig::Kind::kPcap: return "pcap:";
    case DeviceConfig::Kind::kRing: return "ring:";
    case DeviceConfig::Kind::kNull: return "null:";
    case DeviceConfig::Kind::kDpdk: return "dpdk:";
    case DeviceConfig::Kind::kPort: return "port:";
  }
  return "";
}

std::string ProtocolWord(uint8_t protocol) {
  switch (protocol) {
    case kTcp: return "tcp";
    case kUdp: return "udp";
    case kIcmp: return "icmp";
    case kIcmpv6: return "icmpv6";
    default: return absl::StrCat(protocol);
  }
}

absl::StatusOr<AddressMode> ParseMode(absl::string_view text) {
  for (const AddressMode mode : {AddressMode::kNormal, AddressMode::kMigration, AddressMode::kNone}) {
    if (text == Word(mode)) return mode;
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not one of normal, migration, none"));
}

}  // namespace baton::controlplane
