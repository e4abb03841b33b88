#include "controlplane/load_sharing/machine_io.h"

#include <utility>

namespace baton::controlplane::load_sharing {

void Tell(const IpAddress& to, Message message, std::vector<Action>& out) {
  out.emplace_back(Send{to, std::move(message)});
}

}  // namespace baton::controlplane::load_sharing
