// The snapshots a worker works with: pointers to the current ones, the staged ones that wait for a commit, and how an
// update changes them. One worker's, used by it alone; the snapshots themselves belong to the control thread.
#pragma once

#include <cstdint>

#include "common/update.h"

namespace baton::dataplane {

struct Tables {
  const RouteTable* routes = nullptr;
  const ServiceTable* services = nullptr;
  const AddressTable* addresses = nullptr;
  uint64_t generation = 0;

  // Nothing is forwarded before the first commit brought all three.
  bool ready() const { return routes != nullptr && services != nullptr && addresses != nullptr; }
};

// What a commit replaced: the worker hands these back. nullptr: was not replaced.
struct Replaced {
  const RouteTable* routes = nullptr;
  const ServiceTable* services = nullptr;
  const AddressTable* addresses = nullptr;
};

class StagedTables {
 public:
  // A second snapshot of a kind before the commit replaces the first, which is then to be handed back at once.
  const RouteTable* Stage(const RouteTable* routes) { return Exchange(staged_.routes, routes); }
  const ServiceTable* Stage(const ServiceTable* services) { return Exchange(staged_.services, services); }
  const AddressTable* Stage(const AddressTable* addresses) { return Exchange(staged_.addresses, addresses); }

  // Makes everything staged current.
  Replaced Apply(uint64_t generation, Tables& current) {
    Replaced old;
    if (staged_.routes != nullptr) old.routes = Exchange(current.routes, Exchange(staged_.routes, nullptr));
    if (staged_.services != nullptr) old.services = Exchange(current.services, Exchange(staged_.services, nullptr));
    if (staged_.addresses != nullptr) old.addresses = Exchange(current.addresses, Exchange(staged_.addresses, nullptr));
    current.generation = generation;
    return old;
  }

 private:
  template <typename T>
  static const T* Exchange(const T*& place, const T* with) {
    const T* before = place;
    place = with;
    return before;
  }
  template <typename T>
  static const T* Exchange(const T*& place, std::nullptr_t) {
    return Exchange(place, static_cast<const T*>(nullptr));
  }

  Tables staged_;
};

}  // namespace baton::dataplane
