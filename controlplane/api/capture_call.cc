#include "controlplane/api/capture_call.h"

#include <chrono>
#include <thread>

#include "controlplane/api/version.h"
#include "controlplane/capture/comment.h"
#include "controlplane/capture/filter.h"
#include "controlplane/capture/pcapng.h"
#include "controlplane/capture/session.h"

namespace baton::controlplane {
namespace {

constexpr size_t kChunkBytes = 64 << 10;
constexpr auto kPause = std::chrono::milliseconds(5);
constexpr auto kStartLimit = std::chrono::seconds(2);
constexpr uint16_t kUsualSnapLength = 256;

absl::StatusOr<CaptureSettings> ReadSettings(const v1::CaptureRequest& in, const View& view) {
  CaptureSettings settings;
  settings.drops_only = in.drops();
  if (in.snap_length() > UINT16_MAX) {
    return absl::InvalidArgumentError(absl::StrCat("snap_length: ", in.snap_length(), " is too much"));
  }
  settings.snap_length = in.snap_length() == 0 ? kUsualSnapLength : static_cast<uint16_t>(in.snap_length());
  if (in.port().empty()) return settings;
  std::string names;
  for (size_t i = 0; i < view.ports.size(); ++i) {
    settings.ports = uint32_t{1} << i;
    if (view.ports[i].info.name == in.port()) return settings;
    absl::StrAppend(&names, i == 0 ? "" : ", ", view.ports[i].info.name);
  }
  return absl::NotFoundError(absl::StrCat("port: there is no port \"", in.port(), "\"; there are ", names));
}

// Turns captured packets into the file's blocks.
class Writer {
 public:
  explicit Writer(const View& view)
      : view_(view),
        to_wall_clock_(std::chrono::system_clock::now().time_since_epoch() -
                       std::chrono::steady_clock::now().time_since_epoch()) {}

  std::string Begin(uint32_t snap_length) const {
    std::string bytes = SectionHeader(absl::StrCat("Baton ", kVersion));
    for (const PortView& port : view_.ports) bytes += InterfaceDescription(port.info.name, snap_length);
    return bytes;
  }
  std::string Packet(const CapturedPacket& p, const uint8_t* bytes) const {
    return EnhancedPacket({.interface = p.port, .ns = NsOf(p.at), .length = p.length, .outbound = p.sent,
                           .bytes = {bytes, p.captured}, .comment = CommentOf(p, view_)});
  }
  // What was missed is not known by port: it stands at the first one.
  std::string End(uint64_t missed) const {
    return InterfaceStatistics(0, NsOf(std::chrono::steady_clock::now()), missed);
  }

 private:
  uint64_t NsOf(TimePoint at) const { return static_cast<uint64_t>((at.time_since_epoch() + to_wall_clock_).count()); }

  const View& view_;
  const Duration to_wall_clock_;
};

absl::Status WaitForWorkers(const CaptureReader& reader, const grpc::ServerContext& context) {
  const auto limit = std::chrono::steady_clock::now() + kStartLimit;
  while (!reader.begun() && !context.IsCancelled()) {
    if (std::chrono::steady_clock::now() > limit) return absl::UnavailableError("capture: a worker did not begin in 2 s");
    std::this_thread::sleep_for(kPause);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status StreamCapture(Requests& requests, const v1::CaptureRequest& in, grpc::ServerContext& context,
                           grpc::ServerWriter<v1::CaptureChunk>& out) {
  const auto view = requests.GetView();
  ASSIGN_OR_RETURN(const CaptureSettings settings, ReadSettings(in, *view));
  ASSIGN_OR_RETURN(const PacketFilter filter, PacketFilter::Compile(in.filter()));
  ASSIGN_OR_RETURN(auto session, requests.StartCapture(settings));
  CaptureReader reader(std::move(session));
  const Writer writer(*view);
  v1::CaptureChunk chunk;
  RETURN_IF_ERROR(WaitForWorkers(reader, context));  // who has the first chunk misses nothing
  chunk.set_pcapng(writer.Begin(settings.snap_length));
  uint64_t packets = 0;
  const uint64_t count = in.count() == 0 ? ~uint64_t{0} : in.count();
  while (!context.IsCancelled()) {
    std::string& bytes = *chunk.mutable_pcapng();
    while (packets < count && bytes.size() < kChunkBytes &&
           reader.Next([&](const CapturedPacket& p, const uint8_t* data) {
             if (!filter.Matches(p, data)) return;
             bytes += writer.Packet(p, data);
             ++packets;
           })) {
    }
    const bool done = packets >= count;
    if (done) bytes += writer.End(reader.missed());
    chunk.set_packets(packets);
    chunk.set_missed(reader.missed());
    if (bytes.empty()) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    if (!out.Write(chunk) || done) break;
    bytes.clear();
  }
  return absl::OkStatus();
}

}  // namespace baton::controlplane
