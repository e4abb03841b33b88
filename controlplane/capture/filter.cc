#include "controlplane/capture/filter.h"

#include <pcap/pcap.h>

namespace baton::controlplane {

absl::StatusOr<PacketFilter> PacketFilter::Compile(const std::string& text) {
  constexpr int kSnapLength = 65535;
  PacketFilter filter;
  if (text.empty()) return filter;
  const std::unique_ptr<pcap_t, void (*)(pcap_t*)> ethernet(pcap_open_dead(DLT_EN10MB, kSnapLength), pcap_close);
  auto program = std::make_unique<bpf_program>();
  if (ethernet == nullptr ||
      pcap_compile(ethernet.get(), program.get(), text.c_str(), /*optimize=*/1, PCAP_NETMASK_UNKNOWN) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("filter: ", ethernet == nullptr ? "no memory" : pcap_geterr(ethernet.get())));
  }
  filter.program_ = std::shared_ptr<bpf_program>(program.release(), [](bpf_program* p) {
    pcap_freecode(p);
    delete p;
  });
  return filter;
}

bool PacketFilter::Matches(const CapturedPacket& packet, const uint8_t* bytes) const {
  if (program_ == nullptr) return true;
  pcap_pkthdr header = {};
  header.caplen = packet.captured;
  header.len = packet.length;
  return pcap_offline_filter(program_.get(), &header, bytes) != 0;
}

}  // namespace baton::controlplane
