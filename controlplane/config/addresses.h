// Whose each address is: of a port, an external or an internal one. No address is used twice. One thread.
#pragma once

#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "common/address_table.h"
#include "controlplane/config/validate.h"

namespace baton::controlplane {

class Network;

class AddressBook {
 public:
  struct Entry {
    std::string path;  // where the configuration names it
    AddressKind kind = AddressKind::kOwn;
    size_t group = 0;  // kExternal, kInternal: index of its address group
  };

  explicit AddressBook(const Reporter& reporter) : reporter_(reporter) {}

  // Reports an address that is there already, or one too many; false then.
  bool Add(const IpAddress& address, Entry entry);
  // nullptr: not one of the box's addresses.
  const Entry* Find(const IpAddress& address) const;
  // False when an external address was refused: one that is not in the book may then be in a group all the same.
  bool complete() const { return complete_; }
  void set_incomplete() { complete_ = false; }

 private:
  const Reporter& reporter_;
  absl::flat_hash_map<IpAddress, Entry> entries_;
  bool overflow_reported_ = false;
  bool complete_ = true;
};

// The groups with their ranges written out; what was refused is left out.
std::vector<AddressGroupConfig> ResolveGroups(const std::vector<GroupDraft>& drafts, const Network& network,
                                              AddressBook& book, const Reporter& reporter);

}  // namespace baton::controlplane
