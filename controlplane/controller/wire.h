// An interface of the kernel as the substitution server uses it: whole frames of VRRP, ARP and ICMP, sent and received
// past the kernel's stack, which keeps its own addresses and goes on answering for them. Needs CAP_NET_RAW. One thread.
// The members of this file that touch the kernel are the only ones of controller/ that do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include "common/route.h"

namespace baton::controlplane {

// MAC address, MTU and addresses as they are now. NotFound: there is no such Ethernet interface.
absl::StatusOr<PortInfo> InterfaceOf(const std::string& name);

class Wire {
 public:
  static absl::StatusOr<std::unique_ptr<Wire>> Open(const std::string& interface);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  int fd() const { return packets_; }  // to poll
  // The next frame that waits, valid until the next call; empty: none. Never one that this host sent.
  absl::Span<const uint8_t> Receive();
  // False: the kernel did not take it.
  bool Send(absl::Span<const uint8_t> frame);

 private:
  Wire() = default;

  int packets_ = -1;
  int quiet_v4_ = -1, quiet_v6_ = -1;  // see .cc
  std::vector<uint8_t> buffer_;
};

}  // namespace baton::controlplane
