// Brings every packet to the worker that owns its flow, both directions to the same one, as arithmetic on its
// addresses and ports: there is no table of flows that workers would share. Used with several workers only, by each
// for itself.
//
//   to an external address (the client is the source)     hash of the client's address, port or ICMP identifier, protocol
//   to an internal address (a reply of `full`)            the port modulo workers: each takes ports of its own share only
//   to anyone else (a reply of `destination`, transit)    the destination is the client: hash as above
//   an ICMP error                                         as the opposite direction of the packet that it quotes
//   a fragment that is followed                           hash of source, destination, identification; then as its flow
//   to a port's own address, or naming no flow            stays where it was received
//
// Where a card spreads frames by the client, the hash of client_hash.h takes the place of both, the port's too. What
// the card has brought is asked for its owner all the same: it may have hashed something else.
#pragma once

#include <array>
#include <vector>

#include "dataplane/client_hash.h"
#include "dataplane/flow_key.h"
#include "dataplane/packet.h"
#include "dataplane/steering_rings.h"
#include "dataplane/tables.h"
#include "dataplane/worker_share.h"

namespace baton::dataplane {

class Steering {
 public:
  // All but the index are the same for every worker. `whole_clients`: the hash leaves the client's port out, so that
  // all flows of a client meet at one worker, as FTP's connections must. `hash`: nullptr, or in use instead of `seed`.
  // REQUIRES: share.workers <= kMaxWorkers; `hash` outlives this and is of as many workers.
  Steering(const WorkerShare& share, const HashSeed& seed, bool whole_clients = false, const ClientHash* hash = nullptr)
      : share_(share),
        seed_(seed),
        hash_(hash),
        reciprocal_(0xffffffffu / share.workers + 1),
        port_mask_(whole_clients ? uint16_t{0} : uint16_t{0xffff}),
        leaving_(share.workers) {}

  // The owner of the flow whose packets in this direction have this key.
  uint8_t OwnerOf(const AddressTable& addresses, const FlowKey& key, bool ipv4) const;

  // What Steer and SteerFragments took out of a burst for one worker; the worker gives it away and sets `count` to 0.
  struct Leaving {
    int count = 0;
    SteeredPacket packets[kBurst];
  };
  Leaving& leaving(uint16_t worker) { return leaving_[worker]; }

  // For packets from a port. Reads key. Takes those that another worker owns out of the burst, and fragments that have
  // to be followed, for the worker that gathers the datagram. Out of it, because stages that met every second packet
  // without foreseeing which cost 100 cycles a packet.
  void Steer(const Tables& tables, Burst& burst);
  // After FollowFragments: fragments gathered here go on to the owner of their flow. It follows them again, and never
  // has to wait: the first fragment reaches it before the others.
  void SteerFragments(const Tables& tables, Burst& burst);
  // Whether the packet's way ends here: after FollowFragments or PeekAtFragment.
  bool IsOwn(const Tables& tables, const Packet& packet) const;

 private:
  enum class Whose : uint8_t { kOthers, kExternal, kInternal, kOwn };
  static Whose WhoseIs(const AddressTable& addresses, const FlowKey& key, bool ipv4);
  uint8_t OwnerAs(Whose whose, const FlowKey& key, bool ipv4) const;
  void MakeFilter(const Tables& tables);
  bool MayBeOurs(uint64_t folded) const;
  uint8_t OwnerOfClient(const FlowKey& key, bool ipv4, bool is_source) const;
  uint8_t OwnerOfPort(const FlowKey& key, bool ipv4) const;
  uint8_t OwnerOfUnusual(const Tables& tables, const Packet& packet) const;
  uint8_t OwnerOfError(const Tables& tables, const Packet& packet) const;
  uint8_t GathererOf(const Packet& packet) const;
  uint8_t Scale(uint64_t hash) const;
  uint8_t OwnerOfUsual(const Tables& tables, const Packet& packet);
  void TakeOut(Burst& burst, uint32_t leaving, const uint8_t* owners);

  WorkerShare share_;
  HashSeed seed_;
  const ClientHash* hash_;
  uint32_t reciprocal_;
  uint16_t port_mask_;
  std::vector<Leaving> leaving_;  // by worker
  // A bit for each of our addresses, by its hash: tells most of the others apart without a look-up in the table. And
  // what was looked up last, for those that follow often are to the same address. Of the snapshot of this generation.
  uint64_t filter_generation_ = UINT64_MAX;
  std::array<uint64_t, 64> filter_{};
  FlowKey memo_;
  int memo_family_ = 0;  // 0: nothing yet
  Whose memo_whose_ = Whose::kOthers;
};

}  // namespace baton::dataplane
