#include "dataplane/dpdk/interface_address.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

namespace baton::dataplane {
namespace {

// Sends the request and waits for its acknowledgement.
int Ask(const nlmsghdr* request) {
  mnl_socket* socket = mnl_socket_open(NETLINK_ROUTE);
  if (socket == nullptr) return errno;
  char answer[1024];
  int error = 0;
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
      mnl_socket_sendto(socket, request, request->nlmsg_len) < 0) {
    error = errno;
  } else {
    const ssize_t length = mnl_socket_recvfrom(socket, answer, sizeof answer);
    if (length < 0 || mnl_cb_run(answer, static_cast<size_t>(length), request->nlmsg_seq, mnl_socket_get_portid(socket),
                                 nullptr, nullptr) < 0) {
      error = errno;
    }
  }
  mnl_socket_close(socket);
  return error;
}

}  // namespace

int AddInterfaceAddress(unsigned interface_index, const InterfaceAddress& address) {
  char bytes[256] = {};
  nlmsghdr* request = mnl_nlmsg_put_header(bytes);
  request->nlmsg_type = RTM_NEWADDR;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  request->nlmsg_seq = 1;
  auto* message = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifaddrmsg)));
  const bool ipv4 = address.address.is_v4();
  message->ifa_family = ipv4 ? AF_INET : AF_INET6;
  message->ifa_prefixlen = address.length;
  message->ifa_flags = IFA_F_PERMANENT | IFA_F_NODAD;
  message->ifa_scope = RT_SCOPE_UNIVERSE;
  message->ifa_index = interface_index;
  const void* host = ipv4 ? address.address.v4_bytes() : address.address.v6_bytes();
  const size_t length = ipv4 ? 4 : 16;
  mnl_attr_put(request, IFA_LOCAL, length, host);
  mnl_attr_put(request, IFA_ADDRESS, length, host);
  if (ipv4 && address.length <= 30) {
    const uint32_t broadcast = __builtin_bswap32(address.address.v4() | 0xffffffffu >> address.length);
    mnl_attr_put_u32(request, IFA_BROADCAST, broadcast);
  }
  return Ask(request);
}

}  // namespace baton::dataplane
