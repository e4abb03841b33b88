#include "dataplane/dpdk/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <absl/strings/str_cat.h>

#include "common/headers.h"
#include "dataplane/dpdk/eal.h"
#include "dataplane/dpdk/interface_address.h"

namespace baton::dataplane {
namespace {

constexpr size_t kMacAddresses = 12;  // both MAC addresses; behind them comes the tag, if any

absl::Status Failed(const std::string& interface, absl::string_view what, int error) {
  return absl::InvalidArgumentError(absl::StrCat("interface ", interface, ": ", what, ": ", DpdkError(error)));
}

ifreq RequestFor(const std::string& interface) {
  ifreq request = {};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  return request;
}

// A socket to ask the kernel about interfaces with.
class ControlSocket {
 public:
  ControlSocket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~ControlSocket() {
    if (fd_ >= 0) close(fd_);
  }
  bool Do(unsigned long what, ifreq* request) const { return fd_ >= 0 && ioctl(fd_, what, request) == 0; }

 private:
  int fd_;
};

// What must hold before the interface is up. A kernel without IPv6 has none of these files, which is fine unless the
// port has an IPv6 address: then adding that fails.
void PrepareIpv6(const std::string& interface, bool used) {
  const auto set = [&](const char* key, const char* value) {
    std::ofstream(absl::StrCat("/proc/sys/net/ipv6/conf/", interface, "/", key)) << value;
  };
  if (used) set("disable_ipv6", "0");
  set("accept_dad", "0");  // batond answers for the addresses: detection would find batond
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tap>> Tap::Open(const PortInfo& info) {
  if (if_nametoindex(info.kernel.c_str()) != 0) {
    return absl::AlreadyExistsError(absl::StrCat("interface ", info.kernel, " exists already; batond makes its own"));
  }
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return Failed(info.kernel, "/dev/net/tun", errno);
  std::unique_ptr<Tap> tap(new Tap(fd, info.vlan));
  ifreq request = RequestFor(info.kernel);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(fd, TUNSETIFF, &request) != 0) return Failed(info.kernel, "cannot be made", errno);
  RETURN_IF_ERROR(tap->SetUp(info));
  return tap;
}

Tap::~Tap() { close(fd_); }

absl::Status Tap::SetUp(const PortInfo& info) {
  const ControlSocket control;
  ifreq request = RequestFor(info.kernel);
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::copy(info.mac.bytes.begin(), info.mac.bytes.end(), request.ifr_hwaddr.sa_data);
  if (!control.Do(SIOCSIFHWADDR, &request)) return Failed(info.kernel, "refuses the port's MAC address", errno);
  request = RequestFor(info.kernel);
  request.ifr_mtu = info.mtu;
  if (!control.Do(SIOCSIFMTU, &request)) return Failed(info.kernel, absl::StrCat("refuses mtu ", info.mtu), errno);
  PrepareIpv6(info.kernel, std::any_of(info.addresses.begin(), info.addresses.end(),
                                       [](const InterfaceAddress& a) { return !a.address.is_v4(); }));
  request = RequestFor(info.kernel);
  if (!control.Do(SIOCGIFFLAGS, &request)) return Failed(info.kernel, "has no flags", errno);
  request.ifr_flags |= IFF_UP;
  if (!control.Do(SIOCSIFFLAGS, &request)) return Failed(info.kernel, "does not come up", errno);
  for (const InterfaceAddress& address : info.addresses) {
    if (const int error = AddInterfaceAddress(if_nametoindex(info.kernel.c_str()), address); error != 0) {
      return Failed(info.kernel, absl::StrCat("refuses address ", address.ToString()), error);
    }
  }
  return absl::OkStatus();
}

bool Tap::Write(const uint8_t* frame, size_t length) {
  if (length < sizeof(EthernetHeader)) return false;
  size_t rest = kMacAddresses;
  if (reinterpret_cast<const EthernetHeader*>(frame)->type.get() == kEtherVlan) rest += sizeof(VlanTag);
  if (length < rest) return false;
  const iovec parts[] = {{const_cast<uint8_t*>(frame), kMacAddresses},
                         {const_cast<uint8_t*>(frame) + rest, length - rest}};
  return writev(fd_, parts, 2) == static_cast<ssize_t>(length - rest + kMacAddresses);
}

size_t Tap::Read(uint8_t* frame, size_t room) {
  const size_t tag = vlan_ != 0 ? sizeof(VlanTag) : 0;
  if (room < kMacAddresses + tag) return 0;
  const iovec parts[] = {{frame, kMacAddresses}, {frame + kMacAddresses + tag, room - kMacAddresses - tag}};
  const ssize_t length = readv(fd_, parts, 2);
  if (length < static_cast<ssize_t>(sizeof(EthernetHeader))) return 0;
  if (tag != 0) {
    const uint8_t bytes[] = {kEtherVlan >> 8, kEtherVlan & 0xff, static_cast<uint8_t>(vlan_ >> 8),
                             static_cast<uint8_t>(vlan_)};
    std::copy(std::begin(bytes), std::end(bytes), frame + kMacAddresses);
  }
  return static_cast<size_t>(length) + tag;
}

}  // namespace baton::dataplane
