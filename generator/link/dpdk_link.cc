#include "generator/link/dpdk_link.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

namespace baton::generator {

int DpdkLink::Receive(Frame* frames, int max) {
  rte_mbuf* mbufs[kBurst];
  const int count = rte_eth_rx_burst(port_, queue_, mbufs, static_cast<uint16_t>(max));
  for (int i = 0; i < count; ++i) {
    rte_mbuf* mbuf = mbufs[i];
    const bool whole = mbuf->nb_segs == 1 || rte_pktmbuf_linearize(mbuf) == 0;
    frames[i] = {.data = rte_pktmbuf_mtod(mbuf, uint8_t*), .buffer = mbuf,
                 .length = whole ? mbuf->data_len : uint16_t{0}};
    __builtin_prefetch(frames[i].data);
  }
  return count;
}

int DpdkLink::Send(const Frame* frames, int count) {
  rte_mbuf* mbufs[kBurst];
  for (int i = 0; i < count; ++i) {
    auto* mbuf = static_cast<rte_mbuf*>(frames[i].buffer);
    mbuf->data_len = frames[i].length;
    mbuf->pkt_len = frames[i].length;
    mbuf->ol_flags = 0;
    mbufs[i] = mbuf;
  }
  return rte_eth_tx_burst(port_, queue_, mbufs, static_cast<uint16_t>(count));
}

bool DpdkLink::Allocate(Frame* frames, int count) {
  rte_mbuf* mbufs[kBurst];
  if (rte_pktmbuf_alloc_bulk(buffers_.mempool(), mbufs, static_cast<unsigned>(count)) != 0) return false;
  for (int i = 0; i < count; ++i) frames[i] = {.data = rte_pktmbuf_mtod(mbufs[i], uint8_t*), .buffer = mbufs[i]};
  return true;
}

void DpdkLink::Free(const Frame* frames, int count) {
  rte_mbuf* mbufs[kBurst];
  for (int i = 0; i < count; ++i) mbufs[i] = static_cast<rte_mbuf*>(frames[i].buffer);
  rte_pktmbuf_free_bulk(mbufs, static_cast<unsigned>(count));
}

}  // namespace baton::generator
