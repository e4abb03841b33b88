#include "dataplane/ftp_connections.h"

#include <bit>

#include "common/headers.h"

namespace baton::dataplane {

FtpConnections::FtpConnections(uint32_t capacity, const HashSeed& seed, PortPools& pools)
    : seed_(seed),
      pools_(pools),
      connections_(capacity),
      row_chains_(std::bit_ceil(capacity + 1), kEnd),
      expected_chains_(row_chains_.size(), kEnd) {
  for (uint32_t i = capacity; i-- > 0;) {
    connections_[i].next_of_row = free_;
    free_ = static_cast<uint16_t>(i);
  }
}

uint16_t& FtpConnections::RowChain(uint32_t row) { return row_chains_[row & (row_chains_.size() - 1)]; }

uint16_t& FtpConnections::ExpectedChain(const IpAddress& src, const IpAddress& dst, uint16_t dst_port) {
  const FlowKey key = FlowKey::Of(src, 0, dst, dst_port, kTcp);
  return expected_chains_[HashFlow(key, src.is_v4(), seed_) & (expected_chains_.size() - 1)];
}

bool FtpConnections::Open(uint32_t row) {
  if (free_ == kEnd) return false;
  const uint16_t at = free_;
  free_ = connections_[at].next_of_row;
  FtpConnection& c = connections_[at];
  c = FtpConnection{};
  c.row = row;
  uint16_t& chain = RowChain(row);
  c.next_of_row = chain;
  chain = at;
  ++count_;
  return true;
}

FtpConnection* FtpConnections::Find(uint32_t row) {
  for (uint16_t at = RowChain(row); at != kEnd; at = connections_[at].next_of_row) {
    if (connections_[at].row == row) return &connections_[at];
  }
  return nullptr;
}

void FtpConnections::Reset(uint32_t row) {
  Close(row);
  Open(row);
}

void FtpConnections::Close(uint32_t row) {
  uint16_t* link = &RowChain(row);
  while (*link != kEnd && connections_[*link].row != row) link = &connections_[*link].next_of_row;
  if (*link == kEnd) return;
  const uint16_t at = *link;
  FtpConnection& c = connections_[at];
  ForgetExpected(c);
  *link = c.next_of_row;
  c.next_of_row = free_;
  free_ = at;
  --count_;
}

void FtpConnections::Expect(FtpConnection& c, const FtpExpectation& expectation, Millis now) {
  ForgetExpected(c);
  c.expected = expectation;
  c.until = now + kWait;
  Link(c);
}

void FtpConnections::Restore(FtpConnection& c, const FtpConnection& before) {
  ForgetExpected(c);
  c = before;
  if (!c.expects) return;
  const FtpExpectation& e = c.expected;
  if (e.reserved) pools_.TakeExact(e.dst, e.pool, e.dst_port);
  Link(c);
}

// Into the chain of what it expects.
void FtpConnections::Link(FtpConnection& c) {
  c.expects = true;
  uint16_t& chain = ExpectedChain(c.expected.src, c.expected.dst, c.expected.dst_port);
  c.next_expected = chain;
  chain = static_cast<uint16_t>(&c - connections_.data());
  ++expected_;
}

void FtpConnections::ForgetExpected(FtpConnection& c) {
  if (!c.expects) return;
  const FtpExpectation& e = c.expected;
  const auto self = static_cast<uint16_t>(&c - connections_.data());
  uint16_t* link = &ExpectedChain(e.src, e.dst, e.dst_port);
  while (*link != self) link = &connections_[*link].next_expected;
  *link = c.next_expected;
  if (e.reserved) pools_.Release(e.dst, e.pool, e.dst_port);
  c.expects = false;
  --expected_;
}

FtpConnection* FtpConnections::FindExpected(const IpAddress& src, const IpAddress& dst, uint16_t dst_port, Millis now) {
  for (uint16_t at = ExpectedChain(src, dst, dst_port); at != kEnd; at = connections_[at].next_expected) {
    FtpConnection& c = connections_[at];
    const FtpExpectation& e = c.expected;
    if (e.src == src && e.dst == dst && e.dst_port == dst_port && !Reached(c.until, now)) return &c;
  }
  return nullptr;
}

}  // namespace baton::dataplane
