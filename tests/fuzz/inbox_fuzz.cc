// What a group hears, with a key: Inbox and the seals. The input is a list of steps of what a sender, and an attacker
// on the LAN, can do. Held: what is sealed is believed once, in order; nothing else ever is, whatever was changed;
// every message is either believed or counted under one reason.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include <absl/strings/str_cat.h>

#include "common/bytes.h"
#include "controlplane/load_sharing/inbox.h"

namespace baton::controlplane::load_sharing {
namespace {

void Require(bool held) {
  if (!held) std::abort();
}

constexpr size_t kMostSteps = 64;

struct Sent {
  std::vector<uint8_t> bytes;
  vrrp::Ends ends;
};

class World {
 public:
  explicit World(absl::Span<const uint8_t> input) : in_(input) {
    const uint8_t control = in_.U8();
    const bool v6 = (control & 1) != 0;
    if ((control & 2) != 0) over_ = vrrp::ChecksumOver::kMessage;
    for (size_t i = 0; i < 3; ++i) {
      units_.push_back(v6 ? *IpAddress::Parse(kV6[i]) : IpAddress::V4(0xc0000202 + static_cast<uint32_t>(i)));
    }
    if (v6) over_ = vrrp::ChecksumOver::kPseudoHeaderToo;
    seals_ = std::make_unique<Seals>(keys_, 1);
    inbox_ = std::make_unique<Inbox>(Identity{.version = 3, .vrid = 7, .own = units_[0], .units = units_}, *seals_);
    // One seals with the first key, the other with the second: both are accepted.
    for (const size_t key : {0, 1}) senders_.push_back(std::make_unique<Seals>(std::vector<Key>{keys_[key]}, 1000));
  }

  void Run() {
    for (size_t step = 0; step < kMostSteps && in_.left() > 0; ++step) {
      switch (in_.U8() % 4) {
        case 0: Invent(); break;
        case 1: SendSealed(); break;
        case 2: Replay(); break;
        default: Change(); break;
      }
    }
    uint64_t refused = 0;
    for (const Inbox::Count& count : inbox_->Refused()) refused += count.messages;
    Require(inbox_->heard() == believed_);
    Require(inbox_->heard() + refused == heard_);
  }

 private:
  static constexpr const char* kV6[] = {"fe80::2", "fe80::3", "fe80::4"};

  bool Hear(const Sent& sent, uint8_t ttl = 255) {
    ++heard_;
    const Inbox::Heard heard = inbox_->Hear(sent.bytes, sent.ends, ttl);
    const bool believed = heard.refusal == Refusal::kNothing;
    if (believed) ++believed_;
    if (!believed) Require(heard.message == Message{});
    return believed;
  }
  // Any bytes; mostly with the right checksum, or the fuzzer would seldom get past it.
  void Invent() {
    const uint8_t control = in_.U8();
    const absl::Span<const uint8_t> bytes = in_.Bytes(std::min<size_t>(in_.U8(), in_.left()));
    Sent sent{{bytes.begin(), bytes.end()}, {units_[control % 3], units_[0]}};
    if (sent.bytes.size() >= 2 && (control & 0x10) == 0) {
      sent.bytes[0] = static_cast<uint8_t>(0x30 | (sent.bytes[0] & 0x0f));
      sent.bytes[1] = 7;
    }
    if (sent.bytes.size() >= 8 && (control & 0x20) == 0) vrrp::PutChecksum(sent.bytes, sent.ends, over_);
    Require(!Hear(sent, (control & 0x40) == 0 ? 255 : 254));
  }
  void SendSealed() {
    const size_t sender = in_.U8() % 2;
    const vrrp::Ends ends{units_[sender + 1], units_[0]};
    const Header header{.version = 3, .vrid = 7, .priority = in_.U8()};
    Message message = ReviewRequest{in_.U32()};
    if ((header.priority & 1) != 0) message = FlowRequest{in_.U32(), in_.U32()};
    Sent sent{senders_[sender]->Seal(EncodeMessage(header, message, ends, over_), ends, over_), ends};
    if ((header.priority & 2) != 0) Require(!Hear(sent, 254));  // refused, and not used up
    Require(Hear(sent));
    sent_.push_back(std::move(sent));
  }
  const Sent* Pick() { return sent_.empty() ? nullptr : &sent_[in_.U8() % sent_.size()]; }
  void Replay() {
    if (const Sent* sent = Pick()) Require(!Hear(*sent));
  }
  // One that is new, with a byte, its length or an address changed, is not believed; after that the true one is.
  void Change() {
    const uint8_t control = in_.U8();
    const size_t sender = control & 1;
    const vrrp::Ends ends{units_[sender + 1], units_[0]};
    const Header header{.version = 3, .vrid = 7, .priority = 100};
    const Sent sent{senders_[sender]->Seal(EncodeMessage(header, ReviewRequest{in_.U32()}, ends, over_), ends, over_),
                    ends};
    Sent changed = sent;
    switch (control >> 1 & 3) {
      case 0: changed.bytes[in_.U8() % changed.bytes.size()] ^= static_cast<uint8_t>(1 << (control >> 5)); break;
      case 1: changed.bytes.resize(in_.U8() % changed.bytes.size()); break;
      case 2: changed.ends.src = units_[2 - sender]; break;
      default: changed.ends.dst = units_[2 - sender]; break;
    }
    if ((control & 8) != 0 && changed.bytes.size() >= 8) vrrp::PutChecksum(changed.bytes, changed.ends, over_);
    const bool is_same =
        changed.bytes == sent.bytes && changed.ends.src == sent.ends.src && changed.ends.dst == sent.ends.dst;
    if (!is_same) Require(!Hear(changed));
    Require(Hear(sent));
    sent_.push_back(sent);
  }

  ByteReader in_;
  // Others for each input: the fuzzer sees what HMACs are compared with, and tries that.
  static inline uint64_t worlds_ = 0;
  const std::vector<Key> keys_ = {{1, absl::StrCat("a secret", ++worlds_)}, {2, absl::StrCat("another one", worlds_)}};
  vrrp::ChecksumOver over_ = vrrp::ChecksumOver::kPseudoHeaderToo;
  std::vector<IpAddress> units_;
  std::unique_ptr<Seals> seals_;
  std::unique_ptr<Inbox> inbox_;
  std::vector<std::unique_ptr<Seals>> senders_;
  std::vector<Sent> sent_;
  uint64_t heard_ = 0, believed_ = 0;
};

}  // namespace
}  // namespace baton::controlplane::load_sharing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  baton::controlplane::load_sharing::World({data, size}).Run();
  return 0;
}
