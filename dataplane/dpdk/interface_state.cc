#include "dataplane/dpdk/interface_state.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace baton::dataplane {

InterfaceState::InterfaceState(std::string name)
    : name_(std::move(name)), socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

InterfaceState::~InterfaceState() {
  if (socket_ >= 0) close(socket_);
}

bool InterfaceState::running() const {
  ifreq request = {};
  std::strncpy(request.ifr_name, name_.c_str(), IFNAMSIZ - 1);
  if (socket_ < 0 || ioctl(socket_, SIOCGIFFLAGS, &request) != 0) return false;
  constexpr int kWanted = IFF_UP | IFF_RUNNING;
  return (request.ifr_flags & kWanted) == kWanted;
}

}  // namespace baton::dataplane
