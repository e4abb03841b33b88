// Rows for packets: made for the first packet of an access, refreshed by the others, ended when their time is up. Keeps the
// counts of rows per backend and the ports of `full` translation in step with the table. One worker's.
#pragma once

#include <vector>

#include "common/counters.h"
#include "dataplane/access_table.h"
#include "dataplane/packet.h"
#include "dataplane/port_pools.h"
#include "dataplane/tables.h"
#include "dataplane/tunnel.h"

namespace baton::dataplane {

class Translator {
 public:
  // REQUIRES: all outlive this. `service_slots`: how many services there can ever be.
  Translator(AccessTable& access, PortPools& pools, WorkerCounters& counters, size_t service_slots)
      : access_(access), pools_(pools), counters_(counters), cursors_(service_slots),
        service_of_(counters.backend_slots, kNoSlot), outers_(counters.backend_slots) {}

  // Creates a row for each living packet that opens an access to a service (AM-06), and lets a SYN open a row anew whose
  // connection has ended (RFC 9293, 3.6.1). Writes side, or drop.
  void Translate(const Tables& tables, Burst& burst, TimePoint now);

  // Notes that this packet goes out: time, counts, TCP state. Called for each packet that has a row and is sent.
  void Used(const Timeouts& timeouts, Packet& packet, Millis now);

  // The service that a row's backend belongs to.
  Slot ServiceOf(Slot backend) const { return service_of_[backend]; }

  // What `tunnel` puts in front of packets: prepared for every backend that has rows of this method.
  const OuterHeaders& outers() const { return outers_; }

  // Ends the rows whose time is up; looks at `quota` rows at most (AM-09).
  void ExpireSome(const Timeouts& timeouts, Millis now, uint32_t quota);

 private:
  void OpenAccess(const Tables& tables, Packet& packet, Millis now);
  void Reopen(const Tables& tables, Packet& packet, Millis now);
  DropReason ChoosePort(const Service& service, const Backend& backend, NewRow& row);
  void End(Row& row);

  AccessTable& access_;
  PortPools& pools_;
  WorkerCounters& counters_;
  std::vector<uint32_t> cursors_;  // round robin, by service slot
  std::vector<Slot> service_of_;   // by backend slot; a row has no room for both
  OuterHeaders outers_;
  uint32_t next_internal_ = 0;     // `full`: internal addresses take turns
  bool created_in_burst_ = false;
};

}  // namespace baton::dataplane
