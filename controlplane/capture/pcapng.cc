#include "controlplane/capture/pcapng.h"

namespace baton::controlplane {
namespace {

constexpr uint32_t kSectionHeader = 0x0a0d0d0a, kInterfaceDescription = 1, kInterfaceStatistics = 5,
                   kEnhancedPacket = 6;
constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr uint16_t kEndOfOptions = 0, kComment = 1, kUserApplication = 4, kInterfaceName = 2, kTimeResolution = 9,
                   kPacketFlags = 2, kInterfaceDrop = 5;
constexpr uint16_t kEthernet = 1;         // LINKTYPE_ETHERNET
constexpr char kNanoseconds = 9;          // 10^-9
constexpr size_t kMostComment = 1024;

class Block {
 public:
  explicit Block(uint32_t type) { U32(type).U32(0); }

  Block& U16(uint16_t v) { return Little(v, 2); }
  Block& U32(uint32_t v) { return Little(v, 4); }
  // 4.3: a time stamp is its upper half, then its lower one, whatever the byte order.
  Block& Time(uint64_t ns) { return U32(static_cast<uint32_t>(ns >> 32)).U32(static_cast<uint32_t>(ns)); }
  Block& U64(uint64_t v) { return Little(v, 8); }
  Block& Bytes(absl::string_view bytes) {
    bytes_.append(bytes.data(), bytes.size());
    bytes_.append((4 - bytes_.size() % 4) % 4, '\0');
    return *this;
  }
  // 3.5
  Block& Option(uint16_t code, absl::string_view value) {
    return U16(code).U16(static_cast<uint16_t>(value.size())).Bytes(value);
  }
  // 3.1: the length stands at both ends.
  std::string Take() {
    const uint32_t length = static_cast<uint32_t>(bytes_.size() + 4);
    U32(length);
    for (size_t i = 0; i < 4; ++i) bytes_[4 + i] = static_cast<char>(length >> (8 * i));
    return std::move(bytes_);
  }

 private:
  Block& Little(uint64_t v, int count) {
    for (int i = 0; i < count; ++i) bytes_.push_back(static_cast<char>(v >> (8 * i)));
    return *this;
  }
  std::string bytes_;
};

absl::string_view Text(absl::Span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string SectionHeader(absl::string_view application) {
  Block block(kSectionHeader);
  block.U32(kByteOrderMagic).U16(1).U16(0).U64(~uint64_t{0});  // version 1.0, of unknown length
  return block.Option(kUserApplication, application).Option(kEndOfOptions, "").Take();
}

std::string InterfaceDescription(absl::string_view name, uint32_t snap_length) {
  Block block(kInterfaceDescription);
  block.U16(kEthernet).U16(0).U32(snap_length);
  block.Option(kInterfaceName, name).Option(kTimeResolution, absl::string_view(&kNanoseconds, 1));
  return block.Option(kEndOfOptions, "").Take();
}

std::string EnhancedPacket(const PcapngPacket& packet) {
  Block block(kEnhancedPacket);
  block.U32(packet.interface).Time(packet.ns);
  block.U32(static_cast<uint32_t>(packet.bytes.size())).U32(packet.length).Bytes(Text(packet.bytes));
  if (!packet.comment.empty()) block.Option(kComment, absl::string_view(packet.comment).substr(0, kMostComment));
  block.U16(kPacketFlags).U16(4).U32(packet.outbound ? 2 : 1);  // 4.3.1: bits 0-1
  return block.Option(kEndOfOptions, "").Take();
}

std::string InterfaceStatistics(uint32_t interface, uint64_t ns, uint64_t missed) {
  Block block(kInterfaceStatistics);
  block.U32(interface).Time(ns).U16(kInterfaceDrop).U16(8).U64(missed);
  return block.Option(kEndOfOptions, "").Take();
}

}  // namespace baton::controlplane
