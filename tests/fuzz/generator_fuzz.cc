// What comes in from the network, through everything of the generator that reads frames: classification, segments, both
// ends of a connection, servers for strangers, fragments, answers of hosts. The input is a sequence of patches: which
// right frame to begin with, which bytes of it to change, where to cut it, whether to make its checksums right again.
// Held: no read beyond the frame, lengths that fit, a response that is turned around is understood.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/checksum.h"
#include "common/headers.h"
#include "generator/fragments/reassembly.h"
#include "generator/frame_template.h"
#include "generator/host_answers.h"
#include "generator/link/link.h"
#include "generator/serving.h"
#include "generator/tcp/connection.h"
#include "generator/unanswered/mark.h"
#include "generator/unanswered/returned.h"

namespace baton::generator {
namespace {

constexpr uint64_t kKey = 0xfeedbeef;
constexpr uint16_t kLongest = 4000;
constexpr MacAddress kMac{{2, 0, 0, 0, 0, 1}};

void Require(bool held) {
  if (!held) std::abort();
}

struct Bytes {
  uint8_t at[kFrameRoom] = {};
  uint16_t length = 0;
};

// One of each kind that the generator sends.
std::vector<Bytes> RightFrames() {
  std::vector<Bytes> frames;
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (const char* dst : {"10.2.0.2", "2001:db8:1::2"}) {
    const IpAddress to = *IpAddress::Parse(dst), from = *IpAddress::Parse(to.is_v4() ? "10.1.0.2" : "2001:db8::2");
    for (const uint8_t protocol : {kUdp, kIcmp, kTcp}) {
      FrameTemplate shape({.dst = to, .dst_port = 80, .length = 128, .protocol = protocol}, kMac);
      Bytes& frame = frames.emplace_back();
      frame.length = shape.length();
      if (protocol != kTcp) {
        shape.Write(frame.at, from, 4000, {.flow = 1, .number = 2, .time_ns = 3}, kKey);
        continue;
      }
      shape.WriteHeaders(frame.at, from, 4000);
      Segment segment{.seq = 1, .ack = 2, .flow = 1, .length = static_cast<uint16_t>(text.size())};
      segment.flags = kTcpAck | kTcpPsh;
      frame.length = WriteSegment(frame.at, to.is_v4(), shape.l4(), segment, nullptr, kKey, text);
    }
  }
  return frames;
}

void MendL4(uint8_t* l4, size_t length, uint8_t protocol, uint64_t pseudo) {
  size_t at = 0;
  if (protocol == kUdp) at = 6;
  if (protocol == kTcp) at = 16;
  if (protocol == kIcmp || protocol == kIcmpv6) at = 2;
  if (at == 0 || length < at + 2) return;
  l4[at] = l4[at + 1] = 0;
  const uint16_t raw = FinishChecksum(AddToChecksum(protocol == kIcmp ? 0 : pseudo, l4, length));
  std::memcpy(l4 + at, &raw, 2);
}

// As far as the lengths that it says itself allow.
void Mend(uint8_t* frame, size_t length) {
  if (length < 34) return;
  if (frame[12] == 0x08 && frame[13] == 0) {
    const size_t header = size_t{frame[14] & 0x0fu} * 4, total = size_t{frame[16]} << 8 | frame[17];
    if (header < 20 || total < header || 14 + total > length) return;
    frame[24] = frame[25] = 0;
    const uint16_t raw = FinishChecksum(AddToChecksum(0, frame + 14, header));
    std::memcpy(frame + 24, &raw, 2);
    const uint8_t tail[4] = {0, frame[23], static_cast<uint8_t>((total - header) >> 8),
                             static_cast<uint8_t>(total - header)};
    MendL4(frame + 14 + header, total - header, frame[23], AddToChecksum(AddToChecksum(0, frame + 26, 8), tail, 4));
  } else if (frame[12] == 0x86 && frame[13] == 0xdd && length >= 54) {
    const size_t payload = size_t{frame[18]} << 8 | frame[19];
    if (54 + payload > length) return;
    const uint8_t tail[4] = {frame[18], frame[19], 0, frame[20]};
    MendL4(frame + 54, payload, frame[20], AddToChecksum(AddToChecksum(0, frame + 22, 32), tail, 4));
  }
}

struct World {
  TcpPlan plan{.request = 100, .response = 5000, .requests = 2}, web{.request = 80, .http = true, .requests = 2};
  TcpClient client, web_client;
  TcpServer server;
  std::unique_ptr<Reassembly> reassembly;  // a megabyte: made when it is needed
  int64_t now_ns = 1'000'000'000;

  World() {
    Open(plan, client, 1, kKey, now_ns);
    Open(web, web_client, 1, kKey, now_ns);
  }

  void Tcp(const uint8_t* frame, const Arrival& arrival, bool echoed) {
    const auto in = ReadSegment(frame, arrival.l4, arrival.length, echoed);
    if (!in) return;
    Require(in->payload_at + in->length == arrival.length);
    const absl::string_view payload(reinterpret_cast<const char*>(frame) + in->payload_at, in->length);
    for (const ClientStep& step : {React(plan, client, *in, 1, now_ns), React(web, web_client, *in, 1, now_ns, payload)}) {
      Require(!step.send || step.out.length <= plan.request);
    }
    const ServerStep step = React(plan, server, *in, 1, kKey);
    Require(!step.send || step.out.length <= kMostSegments * RoomInSegment(UINT16_MAX));
    const WebAnswer answer = AnswerWeb(*in, payload, 5, 1460, 300);
    Require(answer.what == Served::kPage || answer.out.length == 0);
  }

  void Take(const uint8_t* frame, uint16_t length, bool echoed) {
    const Arrival arrival = Classify(frame, length, kKey);
    Require(arrival.l4 <= arrival.length && arrival.length <= length);
    (void)FindMark(frame, length, arrival, kKey);
    (void)ReadReturned(frame, length, arrival);
    Bytes copy;
    std::memcpy(copy.at, frame, length);
    switch (arrival.kind) {
      case ArrivalKind::kTcp: Tcp(frame, arrival, echoed); break;
      case ArrivalKind::kStamped:
        if (!arrival.esp) TurnedIsUnderstood(copy.at, arrival);
        break;
      case ArrivalKind::kFragment:
        if (reassembly == nullptr) reassembly = std::make_unique<Reassembly>(kLongest);
        if (const auto whole = reassembly->Take(frame, arrival, now_ns)) {
          Require(whole->length <= kLongest);
          Require(Classify(whole->frame, whole->length, kKey).length <= whole->length);
        }
        break;
      case ArrivalKind::kEchoRequest: AnswerEcho(copy.at, arrival, kMac); break;
      case ArrivalKind::kInformationRequest:
        InformationRequest::Read(frame, arrival, 0, 1).WriteReply(copy.at, IpAddress::V4(0x0a010002), kMac);
        break;
      default: break;
    }
  }

  static void TurnedIsUnderstood(uint8_t* frame, const Arrival& arrival) {
    Stamp answer = arrival.stamp;
    answer.sender = kResponseBit | 7;
    TurnAround(frame, arrival, arrival.length, kMac, nullptr, answer, kKey);
    const Arrival turned = Classify(frame, arrival.length, kKey);
    Require(turned.kind == ArrivalKind::kStamped);
    Require(turned.stamp.flow == arrival.stamp.flow && turned.stamp.server() == 7);
  }
};

void Run(absl::Span<const uint8_t> input) {
  static const auto* right = new std::vector<Bytes>(RightFrames());
  World world;
  ByteReader in(input);
  while (in.left() != 0) {
    const uint8_t control = in.U8(), patches = in.U8();
    Bytes frame = (*right)[(control & 7) % right->size()];
    for (int i = 0; i < (patches & 15); ++i) {
      const uint16_t at = in.U16();
      frame.at[at % 160] = in.U8();
    }
    frame.length = static_cast<uint16_t>(std::min<int>(frame.length, (control & 8) != 0 ? in.U8() : kFrameRoom));
    if ((control & 16) != 0) Mend(frame.at, frame.length);
    // Of its very length, so that a read beyond is one.
    const auto exact = std::make_unique<uint8_t[]>(frame.length);
    std::memcpy(exact.get(), frame.at, frame.length);
    world.Take(exact.get(), frame.length, (control & 32) != 0);
    world.now_ns += (control & 64) != 0 ? 300'000'000 : 1000;
  }
}

}  // namespace
}  // namespace baton::generator

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  baton::generator::Run({data, size});
  return 0;
}
