// Gives an interface of the kernel an address, by rtnetlink. Main thread only.
#pragma once

#include "common/addr.h"

namespace baton::dataplane {

// Without duplicate address detection: somebody else decided that the address is ours. Returns 0 or an error number.
int AddInterfaceAddress(unsigned interface_index, const InterfaceAddress& address);

}  // namespace baton::dataplane
