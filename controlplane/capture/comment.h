// What became of a captured packet, in the words of its comment. Pure, any thread.
#pragma once

#include <string>

#include "common/capture_ring.h"
#include "controlplane/view.h"

namespace baton::controlplane {

// "forwarded on lan"; "dropped: no_route: no route covers the destination ..."; empty for packets that were sent.
std::string CommentOf(const CapturedPacket& packet, const View& view);

}  // namespace baton::controlplane
