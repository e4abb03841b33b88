// What is known of the FTP control connections of one worker: a state for each, found by the index of its row, and
// with it the data connection that it expects next, found by who will open it. Bounded: all memory is taken at
// creation, a connection expects one data connection at a time (RFC 959, 3.2), and every call does a bounded amount
// of work. One worker's.
#pragma once

#include <cstdint>
#include <vector>

#include "common/time_point.h"
#include "dataplane/flow_key.h"
#include "dataplane/ftp_stream.h"
#include "dataplane/port_pools.h"

namespace baton::dataplane {

// A SYN from `src`, whatever its port, to `dst` and `dst_port` opens the data connection. Ports in host byte order.
struct FtpExpectation {
  IpAddress src, dst;
  uint16_t dst_port = 0;
  uint16_t port = 0;        // where it really goes: the backend's, or of an active one the client's
  bool active = false;      // the backend opens it, towards the client
  bool reserved = false;    // `dst_port` is taken from the pool of `dst` towards `pool`
  Endpoint pool;
};

struct FtpConnection {
  uint32_t row = 0;
  FtpStream client, server;              // what the client and what the server sends
  FtpKind asked = FtpKind::kOther;       // kPasv, kEpsv: not answered yet
  bool asked_for_tls = false;
  bool secret = false;                   // TLS: nothing to read any more
  bool expects = false;
  FtpExpectation expected;
  Millis until = 0;                      // it is expected
  uint16_t next_of_row = 0, next_expected = 0;  // chains; next_of_row also links the free ones
};

class FtpConnections {
 public:
  // REQUIRES: capacity < 65535; `pools` outlives this.
  FtpConnections(uint32_t capacity, const HashSeed& seed, PortPools& pools);
  FtpConnections(const FtpConnections&) = delete;

  // A fresh state for this row; false when there is none left. REQUIRES: the row has none.
  bool Open(uint32_t row);
  FtpConnection* Find(uint32_t row);
  // Begins anew: another connection on the same row. REQUIRES: the row has a state.
  void Reset(uint32_t row);
  // Makes the connection what it was when `before` was copied from it, what it expects and the port for that
  // included.
  void Restore(FtpConnection& connection, const FtpConnection& before);
  // Gives back the state, if the row has one.
  void Close(uint32_t row);

  // From now on `connection` expects this, and what it expected before no more.
  void Expect(FtpConnection& connection, const FtpExpectation& expectation, Millis now);
  void ForgetExpected(FtpConnection& connection);
  // The connection that expects a SYN from src to dst:dst_port, or nullptr.
  FtpConnection* FindExpected(const IpAddress& src, const IpAddress& dst, uint16_t dst_port, Millis now);

  uint32_t count() const { return count_; }
  bool full() const { return count_ == connections_.size(); }
  uint32_t expected() const { return expected_; }

  static constexpr Millis kWait = 60'000;  // from the command to the data connection's SYN

 private:
  void Link(FtpConnection& connection);
  uint16_t& RowChain(uint32_t row);
  uint16_t& ExpectedChain(const IpAddress& src, const IpAddress& dst, uint16_t dst_port);

  static constexpr uint16_t kEnd = 0xffff;
  HashSeed seed_;
  PortPools& pools_;
  std::vector<FtpConnection> connections_;
  std::vector<uint16_t> row_chains_, expected_chains_;  // as many as a power of two
  uint16_t free_ = kEnd;
  uint32_t count_ = 0, expected_ = 0;
};

}  // namespace baton::dataplane
