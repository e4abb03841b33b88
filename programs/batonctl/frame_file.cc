#include "programs/batonctl/frame_file.h"

#include <memory>

#include <pcap/pcap.h>

namespace baton::batonctl {

absl::StatusOr<std::string> ReadFrame(const std::string& file, uint32_t number) {
  if (number == 0) return absl::InvalidArgumentError("frame: frames are counted from 1");
  char error[PCAP_ERRBUF_SIZE] = "";
  const std::unique_ptr<pcap_t, void (*)(pcap_t*)> capture(pcap_open_offline(file.c_str(), error), pcap_close);
  if (capture == nullptr) return absl::InvalidArgumentError(absl::StrCat("pcap: ", error));
  if (pcap_datalink(capture.get()) != DLT_EN10MB) {
    return absl::InvalidArgumentError(absl::StrCat("pcap: ", file, " does not hold Ethernet frames"));
  }
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  for (uint32_t at = 1;; ++at) {
    const int read = pcap_next_ex(capture.get(), &header, &bytes);
    if (read == PCAP_ERROR_BREAK) {
      return absl::InvalidArgumentError(absl::StrCat("frame: ", file, " has ", at - 1, " frames, not ", number));
    }
    if (read != 1) return absl::InvalidArgumentError(absl::StrCat("pcap: ", file, ": ", pcap_geterr(capture.get())));
    if (at == number) break;
  }
  if (header->caplen < header->len) {
    return absl::InvalidArgumentError(absl::StrCat("frame: only ", header->caplen, " of its ", header->len,
                                                   " bytes were captured; capture whole frames"));
  }
  return std::string(reinterpret_cast<const char*>(bytes), header->caplen);
}

}  // namespace baton::batonctl
