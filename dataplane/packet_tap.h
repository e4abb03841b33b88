// Copies packets for a capture, on the worker, while one is under way: received ones as they came in, with what became
// of them, and sent ones. Without a capture the worker has no tap, and a burst costs a few tests of one pointer.
// Everything is bounded: at most `snap_length` bytes of each packet, into a ring that is never waited for. Worker only.
//
// Copies are written behind what the ring has published and are published together, once it is known which of them are
// to be kept: with `drops_only`, and of ports that share a device, that is seen at the end of a burst.
#pragma once

#include "common/capture_ring.h"
#include "common/counters.h"
#include "dataplane/packet.h"
#include "dataplane/waiting_packet.h"

namespace baton::dataplane {

class PacketTap {
 public:
  // REQUIRES: both outlive this.
  PacketTap(CaptureRing& ring, Counter& missed)
      : ring_(ring), missed_(missed), settings_(ring.settings()), end_(ring.published()) {
    ring.Begin();
  }

  // The time that copies get from now on.
  void SetTime(TimePoint now) { now_ = now; }
  // A burst begins, its frames as they came in. Those that have waited came earlier and were copied then; now they are
  // copied in case they are dropped.
  void Begin(const Burst& burst);
  // These are about to be sent.
  void Sending(PortId port, const Packet* const* packets, int count);
  // This packet of the burst is dropped after the pipeline.
  void Dropped(const void* buffer, DropReason reason);
  // It came in on this port; for one that the burst no longer holds when it is finished.
  void CameInOn(const void* buffer, PortId port);
  // A packet that waited is dropped.
  void Dropped(const WaitingPacket& packet, DropReason reason);
  // The burst has been carried out: notes what became of its packets, and publishes. Of those that have left it for
  // another worker, which copies them when they reach it, only the dropped ones.
  void Finish(const Burst& burst);
  // Publishes what is not part of a burst.
  void Flush();

  CaptureRing& ring() const { return ring_; }

 private:
  bool Wants(PortId port) const { return (settings_.ports >> port & 1) != 0; }
  bool Keeps(const CapturedPacket& copy) const;
  CapturedPacket* Copy(const uint8_t* data, uint16_t length, PortId port);

  CaptureRing& ring_;
  Counter& missed_;
  const CaptureSettings settings_;
  TimePoint now_{};
  uint32_t end_;                       // behind the last copy; those up to ring_.published() are the reader's
  uint32_t sent_from_ = 0;             // the copies of the burst as it came in are those before this
};

}  // namespace baton::dataplane
