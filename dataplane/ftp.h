// The two stages that carry FTP through translation, for services with `application: ftp` (IPVS' ip_vs_ftp,
// netfilter's nf_nat_ftp): the addresses in PORT, EPRT, 227 and 229 are rewritten (RFC 959, RFC 2428), with the
// sequence numbers behind them, and the data connections they tell of get rows. Where no FTP connection lives, each
// costs one comparison a burst.
//
//     client               box                    backend
//       PASV        ------------------------------->
//                   <------- 227 (external,P) ------   227 (backend,p)     expected: client:any -> external:P
//       SYN to external:P -----------------------> backend:p
//       PORT client,c -----------------------------> PORT internal,P       expected: backend:any -> internal:P
//                   SYN to client:c <--------------- SYN to internal:P     the client's own with `destination`
//
// Nobody is led to a third host (RFC 2577, 3): an address must be the sender's own, a port 1024 or above, and a 227
// or 229 the answer to PASV or EPSV. Worker only.
#pragma once

#include "common/counters.h"
#include "dataplane/ftp_connections.h"
#include "dataplane/packet.h"
#include "dataplane/tables.h"
#include "dataplane/translate.h"

namespace baton::dataplane {

// RFC 959, 3.2: the server's data port lies next to its control port.
inline uint16_t FtpDataPort(uint16_t control_port) { return static_cast<uint16_t>(control_port - 1); }

class Ftp {
 public:
  // REQUIRES: all outlive this.
  Ftp(AccessTable& access, PortPools& pools, FtpConnections& connections, Translator& translator,
      WorkerCounters& counters)
      : access_(access), pools_(pools), connections_(connections), translator_(translator), counters_(counters) {}

  // Behind FindRows: a row for each SYN that opens an expected data connection. Writes side, or drop.
  void OpenExpected(const Tables& tables, Burst& burst, Millis now);

  // The same for one packet, with a row in `preview` alone.
  void PreviewExpected(const Tables& tables, Packet& packet, Millis now, RowPreview& preview);

  // Behind FindNextHops: the packets that leave, of control connections. Changes their bytes, or writes drop. `mtus`
  // is indexed by PortId.
  void Follow(const Tables& tables, const uint16_t* mtus, Burst& burst, Millis now);
  // The same for one packet whose row is a copy; nothing but the packet and the copy stays changed. `row`: the index
  // of the row that it was found by, or kNoRow.
  void PreviewFollow(const Tables& tables, const uint16_t* mtus, uint32_t row, Packet& packet, Millis now);
  static constexpr uint32_t kNoRow = 0xffffffff;

 private:
  struct Scene {  // whose line it is
    const Tables& tables;
    FtpConnection& connection;
    const Row& row;
    Millis now;

    bool full() const { return (row.sides[0].kind & kSideFull) != 0; }
    const IpAddress& client() const { return row.sides[1].dst; }
    const IpAddress& external() const { return row.sides[1].src; }
    const IpAddress& internal() const { return row.sides[0].src; }  // `destination`: the client
    const IpAddress& backend() const { return row.sides[0].dst; }
  };
  static const Service* ServiceOf(const Tables& tables, const Row& row);
  FtpConnection* ExpecterOf(const Packet& packet, Millis now);
  bool PrepareData(const Tables& tables, const FtpConnection& connection, Packet& packet, NewRow& row);
  void OpenData(const Tables& tables, FtpConnection& connection, Packet& packet, Millis now);
  void FollowOne(const Tables& tables, uint16_t mtu, FtpConnection* connection, Packet& packet, Millis now);
  FtpStream::Change JudgeCommand(Scene& scene, absl::string_view line, char* text);
  FtpStream::Change JudgeReply(Scene& scene, absl::string_view line, char* text);
  bool TakePort(Scene& scene, FtpExpectation& expectation);
  uint16_t ChooseExternalPort(const Scene& scene, uint16_t wanted);

  AccessTable& access_;
  PortPools& pools_;
  FtpConnections& connections_;
  Translator& translator_;
  WorkerCounters& counters_;
};

}  // namespace baton::dataplane
