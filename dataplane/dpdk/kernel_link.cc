#include "dataplane/dpdk/kernel_link.h"

#include <poll.h>

#include <algorithm>
#include <ctime>

#include <absl/strings/str_cat.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/dpdk/eal.h"

namespace baton::dataplane {
namespace {

constexpr uint32_t kRingSize = 1024;
constexpr int kFramesPerTurn = 32;                            // of one interface
constexpr int64_t kShortestPause = 50'000, kLongestPause = 1'000'000;  // nanoseconds

}  // namespace

// The mbuf's `port` holds our PortId while it is in a ring.
class KernelLink::Rings final : public KernelQueue {
 public:
  static absl::StatusOr<std::unique_ptr<Rings>> Create(const std::string& name) {
    std::unique_ptr<Rings> rings(new Rings);
    for (rte_ring** ring : {&rings->to_, &rings->from_}) {
      const std::string ring_name = absl::StrCat(name, ring == &rings->to_ ? "_to" : "_from");
      *ring = rte_ring_create(ring_name.c_str(), kRingSize, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
      if (*ring == nullptr) {
        return absl::ResourceExhaustedError(absl::StrCat("ring ", ring_name, ": ", DpdkError(rte_errno)));
      }
    }
    return rings;
  }
  ~Rings() override {
    for (rte_ring* ring : {to_, from_}) {
      void* mbuf;
      while (ring != nullptr && rte_ring_sc_dequeue(ring, &mbuf) == 0) rte_pktmbuf_free(static_cast<rte_mbuf*>(mbuf));
      rte_ring_free(ring);
    }
  }

  bool Give(const Packet& packet) override {
    auto* mbuf = static_cast<rte_mbuf*>(packet.buffer);
    mbuf->data_off = static_cast<uint16_t>(packet.data - static_cast<uint8_t*>(mbuf->buf_addr));
    mbuf->data_len = packet.length;
    mbuf->pkt_len = packet.length;
    mbuf->port = packet.port;
    return rte_ring_sp_enqueue(to_, mbuf) == 0;
  }

  int Take(Packet* packets, int max) override {
    void* mbufs[kBurst];
    const unsigned wanted = static_cast<unsigned>(std::min(max, kBurst));
    const int count = static_cast<int>(rte_ring_sc_dequeue_burst(from_, mbufs, wanted, nullptr));
    for (int i = 0; i < count; ++i) {
      auto* mbuf = static_cast<rte_mbuf*>(mbufs[i]);
      packets[i].Start(rte_pktmbuf_mtod(mbuf, uint8_t*), mbuf, mbuf->data_len, static_cast<PortId>(mbuf->port));
    }
    return count;
  }

  // The thread's ends.
  int TakeForKernel(rte_mbuf** mbufs, int max) {
    return static_cast<int>(
        rte_ring_sc_dequeue_burst(to_, reinterpret_cast<void**>(mbufs), static_cast<unsigned>(max), nullptr));
  }
  bool GiveToWorker(rte_mbuf* mbuf) { return rte_ring_sp_enqueue(from_, mbuf) == 0; }
  bool HasRoom() const { return rte_ring_full(from_) == 0; }

 private:
  Rings() = default;
  rte_ring *to_ = nullptr, *from_ = nullptr;
};

KernelLink::KernelLink(DpdkBufferPool& buffers) : buffers_(buffers) {}

KernelLink::~KernelLink() {
  stop_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<std::unique_ptr<KernelLink>> KernelLink::Create(const std::vector<PortInfo>& ports, size_t workers,
                                                               DpdkBufferPool& buffers) {
  std::unique_ptr<KernelLink> link(new KernelLink(buffers));
  RETURN_IF_ERROR(link->Open(ports, workers));
  link->thread_ = std::thread([raw = link.get()] { raw->Run(); });
  return link;
}

absl::Status KernelLink::Open(const std::vector<PortInfo>& ports, size_t workers) {
  for (size_t i = 0; i < workers; ++i) {
    ASSIGN_OR_RETURN(auto rings, Rings::Create(absl::StrCat("kernel_w", i)));
    rings_.push_back(std::move(rings));
  }
  for (const PortInfo& port : ports) {
    taps_.emplace_back();
    if (port.kernel.empty()) continue;
    auto tap = Tap::Open(port);
    if (!tap.ok()) {
      return absl::Status(tap.status().code(), absl::StrCat("port ", port.name, ": kernel: ", tap.status().message()));
    }
    taps_.back() = *std::move(tap);
  }
  return absl::OkStatus();
}

KernelQueue& KernelLink::queue(size_t worker) { return *rings_[worker]; }

void KernelLink::Write(PortId port, const uint8_t* frame, size_t length) {
  if (port >= taps_.size() || taps_[port] == nullptr) return;
  if (!taps_[port]->Write(frame, length)) refused_[port].fetch_add(1, std::memory_order_relaxed);
}

void KernelLink::Run() {
  int64_t pause = kShortestPause;
  while (!stop_.load(std::memory_order_relaxed)) {
    blocked_ = false;
    const int work = ToInterfaces() + FromInterfaces();
    pause = work > 0 ? kShortestPause : std::min(2 * pause, kLongestPause);
    if (work < kFramesPerTurn) Wait(pause);
  }
}

int KernelLink::ToInterfaces() {
  int work = 0;
  for (const auto& rings : rings_) {
    rte_mbuf* mbufs[kFramesPerTurn];
    const int count = rings->TakeForKernel(mbufs, kFramesPerTurn);
    for (int i = 0; i < count; ++i) {
      Write(static_cast<PortId>(mbufs[i]->port), rte_pktmbuf_mtod(mbufs[i], const uint8_t*), mbufs[i]->data_len);
      rte_pktmbuf_free(mbufs[i]);
    }
    work += count;
  }
  return work;
}

int KernelLink::FromInterfaces() {
  int work = 0;
  for (size_t port = 0; port < taps_.size(); ++port) {
    if (taps_[port] != nullptr) work += ReadFrom(static_cast<PortId>(port));
  }
  return work;
}

// The first worker sends for the kernel: it has a transmit queue on every port. What does not fit into its ring stays
// in the interface, whose own queue is bounded.
int KernelLink::ReadFrom(PortId port) {
  int count = 0;
  while (count < kFramesPerTurn) {
    const BufferPool::Buffer buffer = rings_.front()->HasRoom() ? buffers_.Allocate() : BufferPool::Buffer{};
    if (buffer.handle == nullptr) {
      blocked_ = true;
      break;
    }
    const size_t length = taps_[port]->Read(buffer.data, buffer.capacity);
    if (length == 0) {
      buffers_.Free(buffer.handle);
      break;
    }
    auto* mbuf = static_cast<rte_mbuf*>(buffer.handle);
    mbuf->data_len = static_cast<uint16_t>(length);
    mbuf->pkt_len = static_cast<uint32_t>(length);
    mbuf->port = port;
    rings_.front()->GiveToWorker(mbuf);  // there is room: this thread alone fills the ring
    ++count;
  }
  return count;
}

// Until an interface has a frame, or the time is over: then workers may have some.
void KernelLink::Wait(int64_t nanoseconds) const {
  const timespec time{0, nanoseconds};
  pollfd waited_for[kMaxPorts];
  nfds_t count = 0;
  for (const auto& tap : taps_) {
    if (tap != nullptr && !blocked_) waited_for[count++] = {tap->fd(), POLLIN, 0};
  }
  ppoll(waited_for, count, &time, nullptr);
}

}  // namespace baton::dataplane
