// Brings every packet to the worker that owns its flow, both directions to the same one, as arithmetic on its addresses and
// ports: there is no table of flows that workers would share. Used with several workers only, by each for itself.
//
//   to an external address (the client is the source)     hash of the client's address, port or ICMP identifier, protocol
//   to an internal address (a reply of `full`)            the port modulo workers: each takes ports of its own share only
//   to anyone else (a reply of `destination`, transit)    the destination is the client: hash as above
//   an ICMP error                                         as the opposite direction of the packet that it quotes
//   a fragment that is followed                           hash of source, destination, identification; then as its flow
//   to a port's own address, or naming no flow            stays where it was received
#pragma once

#include "dataplane/flow_key.h"
#include "dataplane/packet.h"
#include "dataplane/tables.h"
#include "dataplane/worker_share.h"

namespace baton::dataplane {

class Steering {
 public:
  // `seed`: the same for every worker. REQUIRES: share.workers <= kMaxWorkers.
  Steering(const WorkerShare& share, const HashSeed& seed)
      : share_(share), seed_(seed), reciprocal_(0xffffffffu / share.workers + 1) {}

  // The owner of the flow whose packets in this direction have this key.
  uint8_t OwnerOf(const AddressTable& addresses, const FlowKey& key, bool ipv4) const;

  // For packets from a port. Reads key. Writes fate and owner of those that another worker owns; of those with fragments
  // that have to be followed, to the worker that gathers the datagram.
  void Steer(const Tables& tables, Burst& burst) const;
  // After FollowFragments: fragments gathered here go on to the owner of their flow. It follows them again, and never has
  // to wait: the first fragment reaches it before the others.
  void SteerFragments(const Tables& tables, Burst& burst) const;

  // Whether the packet's way ends here: after FollowFragments or PeekAtFragment.
  bool IsOwn(const Tables& tables, const Packet& packet) const;

 private:
  uint8_t OwnerOfClient(const FlowKey& key, bool ipv4, bool is_source) const;
  uint8_t OwnerOfPort(uint16_t port) const;
  uint8_t OwnerOfUnusual(const Tables& tables, const Packet& packet) const;
  uint8_t OwnerOfError(const Tables& tables, const Packet& packet) const;
  uint8_t GathererOf(const Packet& packet) const;
  uint8_t Scale(uint64_t hash) const;
  void Send(Packet& packet, uint8_t owner) const;

  WorkerShare share_;
  HashSeed seed_;
  uint32_t reciprocal_;
};

}  // namespace baton::dataplane
