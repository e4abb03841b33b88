// Rows for packets: made for the first packet of an access, refreshed by the others, ended when their time is up. Keeps
// the counts of rows per backend and the ports of `full` translation in step with the table. One worker's.
#pragma once

#include <utility>
#include <vector>

#include "common/counters.h"
#include "dataplane/access_table.h"
#include "dataplane/balance.h"
#include "dataplane/ftp_connections.h"
#include "dataplane/packet.h"
#include "dataplane/port_pools.h"
#include "dataplane/tables.h"
#include "dataplane/tunnel.h"

namespace baton::dataplane {

// Whether the row's connection is over: another one may begin on it.
bool Ended(const Row& row);

// What Translate would do to one packet.
struct RowPreview {
  Row row;                     // as it would be; the packet's `side` points into it
  bool made = false, reopened = false;
  Slot service = kNoSlot;
  const Backend* backend = nullptr;  // of a row that would be made
  uint64_t backend_rows = 0, backend_open = 0;  // that it was chosen by
  uint32_t hash = 0;           // what Maglev goes by
  uint32_t turn = 0;           // where round robin is
  OuterHeader outer;           // of a `tunnel` that would be made
};

class Translator {
 public:
  // REQUIRES: all outlive this.
  Translator(AccessTable& access, PortPools& pools, FtpConnections& ftp, WorkerCounters& counters, SharedCounts& counts)
      : access_(access), pools_(pools), ftp_(ftp), counters_(counters), counts_(counts),
        service_of_(counters.backend_slots, kNoSlot), outers_(counters.backend_slots) {}

  // Creates a row for each living packet that opens an access to a service (AM-06), and lets a SYN open a row anew
  // whose connection has ended (RFC 9293, 3.6.1). Writes side, or drop.
  void Translate(const Tables& tables, Burst& burst, TimePoint now);

  // The same for one packet, leaving everything but `packet` and `preview` as it is. A row that the packet has is first
  // copied into `preview`, so that later stages write into the copy.
  void Preview(const Tables& tables, Packet& packet, Millis now, RowPreview& preview);

  // Notes in the rows of the living packets that these go out: time, counts, TCP state. Not of ICMP errors, which do not
  // keep a row alive.
  void NoteUse(const Timeouts& timeouts, Burst& burst, Millis now);

  // Adds a row and counts it. Where it cannot, it says why and gives the port of `full` translation back. REQUIRES: no
  // row has the request key.
  DropReason Add(const NewRow& row, const Timeouts& timeouts, Millis now, RowSide** request);
  void End(Row& row);

  // The service that a row's backend belongs to.
  Slot ServiceOf(Slot backend) const { return service_of_[backend]; }

  // What `tunnel` puts in front of packets: prepared for every backend that has rows of this method.
  const OuterHeaders& outers() const { return outers_; }
  // Exchanges the backend's outer header: for a while, when packets that are none go through later stages.
  void SwapOuter(Slot backend, OuterHeader& header) { std::swap(outers_[backend], header); }

  // Ends the rows whose time is up; looks at `quota` rows at most (AM-09).
  void ExpireSome(const Timeouts& timeouts, Millis now, uint32_t quota);

 private:
  void OpenAccess(const Tables& tables, Packet& packet, Millis now);
  void Reopen(const Tables& tables, Packet& packet, Millis now);
  DropReason PreviewAccess(const Tables& tables, const Service& service, const Packet& packet, Millis now,
                           const Row* leaving, RowPreview& preview);
  DropReason ChoosePort(const Service& service, const Backend& backend, NewRow& row);
  void FollowFtp(Row& row);
  void ChangeState(const Timeouts& timeouts, uint8_t seen, RowSide& side);

  AccessTable& access_;
  PortPools& pools_;
  FtpConnections& ftp_;
  WorkerCounters& counters_;
  SharedCounts& counts_;
  std::vector<Slot> service_of_;   // by backend slot; a row has no room for both
  OuterHeaders outers_;
  uint32_t next_internal_ = 0;     // `full`: internal addresses take turns
  bool created_in_burst_ = false;
};

}  // namespace baton::dataplane
