#include "dataplane/dpdk/driver_sockets.h"

#include <dirent.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>

namespace baton::dataplane {
namespace {

template <typename T>
bool Ask(int socket, int level, int option, T& answer) {
  socklen_t length = sizeof(answer);
  return getsockopt(socket, level, option, &answer, &length) == 0;
}

int FamilyOf(int fd) {
  int family = AF_UNSPEC;  // what is no socket has none
  return Ask(fd, SOL_SOCKET, SO_DOMAIN, family) ? family : AF_UNSPEC;
}

}  // namespace

std::vector<int> DriverSockets::OpenNow() {
  std::vector<int> sockets;
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return sockets;
  while (const dirent* entry = readdir(folder)) {
    const int fd = std::atoi(entry->d_name);  // "." and "..": standard input, which is no such socket
    const int family = FamilyOf(fd);
    if (family == AF_PACKET || family == AF_XDP) sockets.push_back(fd);
  }
  closedir(folder);
  return sockets;
}

void DriverSockets::Take(const std::vector<int>& before) {
  for (const int fd : OpenNow()) {
    if (std::find(before.begin(), before.end(), fd) != before.end()) continue;
    (FamilyOf(fd) == AF_XDP ? xdp_ : packet_).push_back(fd);
  }
  Missed();
  packet_missed_ = 0;  // what came before there was a port
}

uint64_t DriverSockets::Missed() {
  for (const int fd : packet_) {
    tpacket_stats stats = {};
    if (Ask(fd, SOL_PACKET, PACKET_STATISTICS, stats)) packet_missed_ += stats.tp_drops;
  }
  uint64_t missed = packet_missed_;
  for (const int fd : xdp_) {
    xdp_statistics stats = {};
    if (Ask(fd, SOL_XDP, XDP_STATISTICS, stats)) missed += stats.rx_ring_full;  // the driver counts rx_dropped itself
  }
  return missed;
}

}  // namespace baton::dataplane
