// An interface of the kernel (TAP) that stands beside a port: the port's MAC address, MTU and addresses, so that
// programs on the box see the NIC. Made and removed by the main thread, gone with the process. Write may be called by
// any thread, Read by one; neither blocks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "common/route.h"
#include "common/status.h"

namespace baton::dataplane {

class Tap {
 public:
  // Makes the interface info.kernel and brings it up. Errors begin with "interface NAME".
  static absl::StatusOr<std::unique_ptr<Tap>> Open(const PortInfo& info);
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  // A frame as it came from the wire; a tag is left out. False: the kernel did not take it.
  bool Write(const uint8_t* frame, size_t length);
  // The next frame that the kernel sends, with the port's tag, in `room` bytes. 0: there is none now.
  size_t Read(uint8_t* frame, size_t room);

  int fd() const { return fd_; }

 private:
  Tap(int fd, uint16_t vlan) : fd_(fd), vlan_(vlan) {}
  absl::Status SetUp(const PortInfo& info);

  int fd_;
  uint16_t vlan_;
};

}  // namespace baton::dataplane
