// The security associations of a class of ESP flows: which SPI and sequence number the next packet of a flow has. Rekeying
// gives all flows new ones at once, the hardest case for a box that tells flows by their SPI. One core.
//
// Flow i of the class, through all cores, has the SPI first + i, after n rekeyings first + n * step + i; its responses have
// the same with the highest bit set. Sequence numbers begin at 1 in each association (RFC 4303, 3.3.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "generator/esp/esp.h"

namespace baton::generator {

struct EspProfile {
  uint32_t first_spi = 256;  // those below are reserved (RFC 4303, 2.1)
  uint32_t step = 1;         // from one rekeying to the next: all flows of the class
  int64_t rekey_ns = 0;      // 0: never
};

inline constexpr uint32_t kEspResponseBit = 0x80000000;

class Associations {
 public:
  // Of `count` flows, those of one core: number part, part + parts, ... of the class.
  Associations(const EspProfile& profile, uint32_t count, uint32_t part = 0, uint32_t parts = 1)
      : profile_(profile), part_(part), parts_(parts), requests_(count), responses_(count) {}

  // `number`: the packet's stamp has it. `age_ns`: since the beginning of the sending. REQUIRES: flow < count.
  void WriteRequest(uint8_t* esp, uint16_t length, uint32_t flow, uint32_t number, int64_t age_ns) {
    const Association& now = Newer(requests_[flow], RekeyingsAt(age_ns), number);
    WriteEsp(esp, length, SpiFor(flow, now.rekeyings), number - now.first_number + 1);
  }
  // To a request of that SPI: its association is followed, but never back to an older one.
  void WriteResponse(uint8_t* esp, uint16_t length, uint32_t flow, uint32_t number, uint32_t request_spi) {
    const Association& now = Newer(responses_[flow], (request_spi - SpiFor(flow, 0)) / profile_.step, number);
    WriteEsp(esp, length, kEspResponseBit | SpiFor(flow, now.rekeyings), number - now.first_number + 1);
  }

  uint32_t RekeyingsAt(int64_t age_ns) const {
    return profile_.rekey_ns == 0 ? 0 : static_cast<uint32_t>(age_ns / profile_.rekey_ns);
  }
  uint32_t SpiFor(uint32_t flow, uint32_t rekeyings) const {
    return profile_.first_spi + rekeyings * profile_.step + part_ + flow * parts_;
  }
  size_t bytes() const { return sizeof(Association) * (requests_.size() + responses_.size()); }

 private:
  struct Association {
    uint32_t rekeyings = 0;     // before it
    uint32_t first_number = 0;  // of the stamps in it
  };
  static const Association& Newer(Association& association, uint32_t rekeyings, uint32_t number) {
    if (rekeyings > association.rekeyings) association = {rekeyings, number};
    return association;
  }

  const EspProfile profile_;
  const uint32_t part_, parts_;
  std::vector<Association> requests_, responses_;
};

}  // namespace baton::generator
