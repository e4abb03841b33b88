#include "controlplane/controller/wire.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <absl/strings/str_cat.h>

#include "controlplane/vrrp/advert.h"

namespace baton::controlplane {
namespace {

constexpr int kVrrp = 112;
constexpr size_t kLongestFrame = 65536;

absl::Status Failed(const std::string& what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

// ARP, and of IPv4 and IPv6 protocol 112 and ICMP. IPv6 extension headers are not looked behind: nor are they anywhere
// else for these.
const std::array<sock_filter, 12> kFilter = {{
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),  // EtherType
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 8, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 7),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9),  // protocol
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kVrrp, 3, 4),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 6),  // next header
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kVrrp, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, kLongestFrame),
    BPF_STMT(BPF_RET | BPF_K, 0),
}};
const std::array<sock_filter, 1> kNothing = {{BPF_STMT(BPF_RET | BPF_K, 0)}};

template <size_t N>
bool Attach(int fd, const std::array<sock_filter, N>& filter) {
  const sock_fprog program = {.len = N, .filter = const_cast<sock_filter*>(filter.data())};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

// A socket that only takes part in VRRP's multicast group and receives nothing. The group: so that the network card and
// snooping switches let it through. The socket: for a protocol that nobody listens to the kernel would answer each
// message with an ICMP error.
int QuietSocket(int family, int interface) {
  const int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, kVrrp);
  if (fd < 0 || !Attach(fd, kNothing)) return fd;
  const IpAddress group = vrrp::MulticastAddress(family == AF_INET ? Family::kIpv4 : Family::kIpv6);
  if (family == AF_INET) {
    ip_mreqn request{};
    request.imr_ifindex = interface;
    inet_pton(AF_INET, group.ToString().c_str(), &request.imr_multiaddr);
    setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
  } else {
    ipv6_mreq request{};
    request.ipv6mr_interface = static_cast<unsigned>(interface);
    inet_pton(AF_INET6, group.ToString().c_str(), &request.ipv6mr_multiaddr);
    setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
  }
  return fd;
}

int LengthOf(const uint8_t* mask, size_t size) {
  int length = 0;
  for (size_t i = 0; i < size; ++i) length += __builtin_popcount(mask[i]);
  return length;
}

void AddAddress(const ifaddrs& entry, PortInfo& port) {
  if (entry.ifa_addr == nullptr || entry.ifa_netmask == nullptr || port.name != entry.ifa_name) return;
  InterfaceAddress own;
  if (entry.ifa_addr->sa_family == AF_INET) {
    sockaddr_in address, mask;
    std::memcpy(&address, entry.ifa_addr, sizeof address);
    std::memcpy(&mask, entry.ifa_netmask, sizeof mask);
    own.address = IpAddress::V4(ntohl(address.sin_addr.s_addr));
    own.length = static_cast<uint8_t>(LengthOf(reinterpret_cast<const uint8_t*>(&mask.sin_addr), 4));
  } else if (entry.ifa_addr->sa_family == AF_INET6) {
    sockaddr_in6 address, mask;
    std::memcpy(&address, entry.ifa_addr, sizeof address);
    std::memcpy(&mask, entry.ifa_netmask, sizeof mask);
    own.address = IpAddress::FromV6Bytes(address.sin6_addr.s6_addr);
    own.length = static_cast<uint8_t>(LengthOf(mask.sin6_addr.s6_addr, 16));
  } else {
    return;
  }
  port.addresses.push_back(own);
}

}  // namespace

absl::StatusOr<PortInfo> InterfaceOf(const std::string& name) {
  PortInfo port{.name = name, .mac = {}, .addresses = {}};
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failed("a socket");
  ifreq request{};
  std::memcpy(request.ifr_name, name.c_str(), std::min<size_t>(name.size(), IFNAMSIZ - 1));
  const bool there = ioctl(fd, SIOCGIFHWADDR, &request) == 0;
  const bool ethernet = there && request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
  if (ethernet) port.mac = MacAddress::From(reinterpret_cast<const uint8_t*>(request.ifr_hwaddr.sa_data));
  if (ethernet && ioctl(fd, SIOCGIFMTU, &request) == 0) {
    port.mtu = static_cast<uint16_t>(std::min(request.ifr_mtu, 65535));
  }
  close(fd);
  if (!there) return absl::NotFoundError(absl::StrCat("there is no interface ", name));
  if (!ethernet) return absl::NotFoundError(absl::StrCat("interface ", name, " is not Ethernet"));
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return Failed("the interface's addresses");
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) AddAddress(*entry, port);
  freeifaddrs(list);
  return port;
}

absl::StatusOr<std::unique_ptr<Wire>> Wire::Open(const std::string& interface) {
  std::unique_ptr<Wire> wire(new Wire);
  wire->buffer_.resize(kLongestFrame);
  const int index = static_cast<int>(if_nametoindex(interface.c_str()));
  if (index == 0) return Failed(absl::StrCat("interface ", interface));
  // Of no protocol until it is filtered and bound: nothing else gets in.
  wire->packets_ = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (wire->packets_ < 0) return Failed("a packet socket");
  const int yes = 1;
  if (!Attach(wire->packets_, kFilter)) return Failed("the filter of the packet socket");
  if (setsockopt(wire->packets_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) != 0) {
    return Failed("PACKET_IGNORE_OUTGOING");
  }
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(ETH_P_ALL);
  to.sll_ifindex = index;
  if (bind(wire->packets_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    return Failed("binding to the interface");
  }
  wire->quiet_v4_ = QuietSocket(AF_INET, index);
  wire->quiet_v6_ = QuietSocket(AF_INET6, index);  // there may be no IPv6
  return wire;
}

Wire::~Wire() {
  for (const int fd : {packets_, quiet_v4_, quiet_v6_}) {
    if (fd >= 0) close(fd);
  }
}

absl::Span<const uint8_t> Wire::Receive() {
  const ssize_t got = recv(packets_, buffer_.data(), buffer_.size(), 0);
  if (got <= 0) return {};  // none, or the interface went down: it is polled again
  return {buffer_.data(), static_cast<size_t>(got)};
}

bool Wire::Send(absl::Span<const uint8_t> frame) {
  return send(packets_, frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size());
}

}  // namespace baton::controlplane
