#include "controlplane/capture/comment.h"

#include <absl/strings/str_cat.h>

namespace baton::controlplane {

std::string CommentOf(const CapturedPacket& p, const View& view) {
  using End = CapturedPacket::End;
  if (p.sent) return "";
  const std::string reason = absl::StrCat("dropped: ", DropReasonName(p.drop), ": ", DropReasonText(p.drop));
  switch (p.end) {
    case End::kForwarded:
      return p.out_port < view.ports.size() ? absl::StrCat("forwarded on ", view.ports[p.out_port].info.name)
                                            : "forwarded";
    case End::kDropped: return reason;
    case End::kAnswered: return absl::StrCat(reason, " (an error was sent)");
    case End::kEcho: return "answered: an echo reply";
    case End::kControl: return "handed to the control thread";
    case End::kKernel: return "handed to the kernel";
    case End::kHeld: return "held: its address is in migration";
    case End::kWaiting: return "waits for a neighbour's MAC address";
    case End::kKept: return "waits for the first fragment of its datagram";
    case End::kPieces: return "larger than the MTU of the way out: goes on in fragments";
  }
  return "";
}

}  // namespace baton::controlplane
