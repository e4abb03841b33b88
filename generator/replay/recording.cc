#include "generator/replay/recording.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <absl/strings/str_cat.h>
#include <pcap/pcap.h>

#include "common/headers.h"

namespace baton::generator {
namespace {

struct Close {
  void operator()(pcap_t* file) const { pcap_close(file); }
};

absl::Status Bad(absl::string_view problem) { return absl::InvalidArgumentError(std::string(problem)); }

absl::Status BadFrame(size_t number, absl::string_view problem) {
  return Bad(absl::StrCat("frame ", number, " ", problem));
}

absl::Status Add(const pcap_pkthdr& header, const u_char* bytes, size_t longest, int64_t* first_ns,
                 Recording& recording) {
  const size_t number = recording.frames.size() + 1;
  if (header.caplen < header.len) {
    return BadFrame(number, absl::StrCat("was captured in part: ", header.caplen, " of ", header.len, " bytes"));
  }
  if (header.len > longest) return BadFrame(number, absl::StrCat("has ", header.len, " bytes, above ", longest));
  if (header.len < sizeof(EthernetHeader)) return BadFrame(number, "is shorter than an Ethernet header");
  if (number > Recording::kMostFrames) return Bad(absl::StrCat("has more than ", Recording::kMostFrames, " frames"));
  if (recording.bytes.size() + header.len > Recording::kMostBytes) {
    return Bad(absl::StrCat("has more than ", Recording::kMostBytes, " bytes of frames"));
  }
  const int64_t time_ns = int64_t{header.ts.tv_sec} * 1'000'000'000 + header.ts.tv_usec;  // nanoseconds were asked for
  if (number == 1) *first_ns = time_ns;
  const int64_t before_ns = number == 1 ? 0 : recording.frames.back().offset_ns;
  recording.frames.push_back({.at = recording.bytes.size(),
                              .length = static_cast<uint16_t>(header.len),
                              .ether_type = reinterpret_cast<const EthernetHeader*>(bytes)->type.get(),
                              .offset_ns = std::max(before_ns, time_ns - *first_ns)});
  recording.bytes.insert(recording.bytes.end(), bytes, bytes + header.len);
  return absl::OkStatus();
}

}  // namespace

int64_t Recording::period_ns() const {
  const int64_t last_ns = frames.back().offset_ns;
  return frames.size() < 2 ? 0 : last_ns + last_ns / static_cast<int64_t>(frames.size() - 1);
}

absl::StatusOr<Recording> ReadRecording(const std::string& path, size_t longest) {
  std::FILE* stream = std::fopen(path.c_str(), "rb");
  if (stream == nullptr) return Bad(absl::StrCat("cannot be read: ", std::strerror(errno)));
  char error[PCAP_ERRBUF_SIZE] = "";
  const std::unique_ptr<pcap_t, Close> file(
      pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error));
  if (file == nullptr) {
    std::fclose(stream);
    return Bad(absl::StrCat("is no pcap or pcapng file: ", error));
  }
  if (pcap_datalink(file.get()) != DLT_EN10MB) {
    const char* name = pcap_datalink_val_to_name(pcap_datalink(file.get()));
    return Bad(absl::StrCat("holds no Ethernet frames but ", name != nullptr ? name : "something else"));
  }
  Recording recording;
  int64_t first_ns = 0;
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  int status;
  while ((status = pcap_next_ex(file.get(), &header, &bytes)) == 1) {
    RETURN_IF_ERROR(Add(*header, bytes, longest, &first_ns, recording));
  }
  if (status != PCAP_ERROR_BREAK) return BadFrame(recording.frames.size() + 1, pcap_geterr(file.get()));
  if (recording.frames.empty()) return Bad("holds no frames");
  return recording;
}

}  // namespace baton::generator
