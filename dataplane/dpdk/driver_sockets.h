// The sockets through which the drivers af_packet and af_xdp receive, to ask the kernel for the frames that found their
// rings full: DPDK 22.11 does not ask for them. Made by the main thread; Missed() by one thread at a time.
#pragma once

#include <cstdint>
#include <vector>

namespace baton::dataplane {

class DriverSockets {
 public:
  // Those that this process has open: a driver's are what came to be between two lists.
  static std::vector<int> OpenNow();

  // REQUIRES: those that are open now and not in `before` are a driver's and stay open as long as this is used.
  void Take(const std::vector<int>& before);

  // Frames that found no room, since Take.
  uint64_t Missed();

 private:
  std::vector<int> packet_, xdp_;  // AF_PACKET, AF_XDP
  uint64_t packet_missed_ = 0;     // the kernel begins anew at each question
};

}  // namespace baton::dataplane
