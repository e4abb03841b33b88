#include "dataplane/dpdk/port_io.h"

#include <cassert>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

namespace baton::dataplane {

int DpdkPortIo::Receive(PortId port, Packet* packets, int max) {
  assert(max <= kBurst);
  if (!has_queue_[port]) return 0;
  rte_mbuf* mbufs[kBurst];
  const int count = rte_eth_rx_burst(dpdk_ids_[port], queue_, mbufs, static_cast<uint16_t>(max));
  for (int i = 0; i < count; ++i) {
    rte_mbuf* mbuf = mbufs[i];
    auto* data = rte_pktmbuf_mtod(mbuf, uint8_t*);
    rte_prefetch0(data);  // Parse reads it once all packets of the burst are filled
    const bool whole = mbuf->nb_segs == 1 || rte_pktmbuf_linearize(mbuf) == 0;
    packets[i].Start(data, mbuf, whole ? mbuf->data_len : uint16_t{0}, port);
  }
  return count;
}

int DpdkPortIo::Send(PortId port, Packet* const* packets, int count) {
  int sent = 0;
  while (sent < count) {
    rte_mbuf* mbufs[kBurst];
    const int wanted = count - sent < kBurst ? count - sent : kBurst;
    for (int i = 0; i < wanted; ++i) {
      const Packet& packet = *packets[sent + i];
      auto* mbuf = static_cast<rte_mbuf*>(packet.buffer);
      mbuf->data_off = static_cast<uint16_t>(packet.data - static_cast<uint8_t*>(mbuf->buf_addr));
      mbuf->data_len = packet.length;
      mbuf->pkt_len = packet.length;
      mbuf->ol_flags = 0;  // what the receiving port noted is not for the sending one
      mbufs[i] = mbuf;
    }
    const int taken = rte_eth_tx_burst(dpdk_ids_[port], queue_, mbufs, static_cast<uint16_t>(wanted));
    sent += taken;
    if (taken < wanted) break;
  }
  return sent;
}

bool DpdkPortIo::Allocate(WaitingPacket* packets, int count) {
  assert(count <= kBurst);
  rte_mbuf* mbufs[kBurst];
  if (rte_pktmbuf_alloc_bulk(buffers_.mempool(), mbufs, static_cast<unsigned>(count)) != 0) return false;
  for (int i = 0; i < count; ++i) packets[i] = {.buffer = mbufs[i], .data = rte_pktmbuf_mtod(mbufs[i], uint8_t*)};
  return true;
}

void DpdkPortIo::Free(void* const* buffers, int count) {
  rte_pktmbuf_free_bulk(reinterpret_cast<rte_mbuf**>(const_cast<void**>(buffers)), static_cast<unsigned>(count));
}

}  // namespace baton::dataplane
