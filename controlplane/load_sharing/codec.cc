#include "controlplane/load_sharing/codec.h"

#include <algorithm>
#include <limits>

namespace baton::controlplane::load_sharing {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr uint8_t kStateTag = 3, kGenerationTag = 4;  // of the extension's values; 1 and 2 are in unit_list.cc
constexpr uint8_t kOrphan = 1;
constexpr uint8_t kMarks = 0, kDigests = 1;  // what a report consists of
constexpr size_t kRange = 4, kForwarded = 12;

size_t AddressSize(Family family) { return family == Family::kIpv4 ? 4 : 16; }
size_t ChargeSize(Family family) { return 2 * AddressSize(family) + 4; }
size_t FlowMarkSize(Family family) { return 3 * AddressSize(family) + 20; }
size_t FlowSize(Family family) { return AddressSize(family) + 8; }

// Of the part of a body that is there whatever the number of records. Type 2 has it behind them, all others before.
size_t FixedSize(uint8_t type, Family family) {
  switch (type) {
    case 2: return 12;
    case 3: return 16;
    case 4: return 8 + AddressSize(family);
    case 5: return 16;
    case 6: return 4;
    case 7: return 8;
    default: return 20;
  }
}

template <typename Unit>
uint32_t Saturated(Duration duration) {
  const auto count = duration / Unit(1);
  return static_cast<uint32_t>(std::clamp<decltype(count + 0)>(count, 0, std::numeric_limits<uint32_t>::max()));
}

// --- writing ---

void PutBody(ByteWriter& out, Family family, const Response& response) {
  for (const IpAddress& unit : response.units) PutAddress(out, unit, family);
  out.U8(kStateTag).U8(1).U8(static_cast<uint8_t>(response.state)).Zeros(1);
  out.U8(kGenerationTag).U8(4).U32(response.generation).Zeros(2);
}

void PutBody(ByteWriter& out, Family family, const Allocation& allocation) {
  out.U32(allocation.generation).U32(allocation.base).U16(allocation.fragment).U16(allocation.fragments);
  out.U8(static_cast<uint8_t>(allocation.hand_over)).Zeros(3);
  for (const Charge& charge : allocation.charges) {
    PutAddress(out, charge.unit, family);
    PutAddress(out, charge.condition, family);
    out.U8(static_cast<uint8_t>(8 * AddressSize(family))).U8(charge.orphan ? kOrphan : 0).Zeros(2);
  }
}

void PutBody(ByteWriter& out, Family family, const Confirmation& confirmation) {
  out.U32(confirmation.generation);
  PutAddress(out, confirmation.unit, family);
  out.U8(static_cast<uint8_t>(confirmation.status)).Zeros(3);
  for (const Range& range : confirmation.missing) out.U16(range.first).U16(range.last);
}

void PutRecords(ByteWriter& out, Family family, const std::vector<FlowMark>& marks) {
  for (const FlowMark& mark : marks) {
    PutAddress(out, mark.condition, family);
    out.U8(static_cast<uint8_t>(mark.status)).U8(mark.protocol).Zeros(2);
    PutAddress(out, mark.src, family);
    PutAddress(out, mark.dst, family);
    out.U16(mark.src_port).U16(mark.dst_port).U32(mark.sequence).U64(mark.digest);
  }
}

void PutRecords(ByteWriter& out, Family, const std::vector<ForwardedPacket>& packets) {
  for (const ForwardedPacket& packet : packets) out.U64(packet.digest).U32(packet.before_stop);
}

void PutBody(ByteWriter& out, Family family, const Report& report) {
  out.U32(report.generation).U16(report.fragment).U16(report.fragments);
  out.U32(Saturated<microseconds>(report.stopped_ago));
  out.U8(report.records.index() == 0 ? kMarks : kDigests).Zeros(3);
  std::visit([&](const auto& records) { PutRecords(out, family, records); }, report.records);
}

void PutBody(ByteWriter& out, Family, const ReviewRequest& request) { out.U32(request.generation); }

void PutBody(ByteWriter& out, Family, const FlowRequest& request) { out.U32(request.generation).U32(request.review); }

void PutBody(ByteWriter& out, Family family, const FlowResponse& response) {
  out.U32(response.generation).U32(response.review).U16(response.fragment).U16(response.fragments);
  out.U32(response.overflows).U32(Saturated<milliseconds>(response.overflow_unit));
  for (const Flow& flow : response.flows) {
    PutAddress(out, flow.condition, family);
    out.U64(flow.bits_per_second);
  }
}

size_t CountOf(const Response& response) { return response.units.size(); }
size_t CountOf(const Allocation& allocation) { return allocation.charges.size(); }
size_t CountOf(const Confirmation& confirmation) { return confirmation.missing.size(); }
size_t CountOf(const Report& report) {
  return std::visit([](const auto& records) { return records.size(); }, report.records);
}
size_t CountOf(const ReviewRequest&) { return 0; }
size_t CountOf(const FlowRequest&) { return 0; }
size_t CountOf(const FlowResponse& response) { return response.flows.size(); }

// --- reading: each notes in `in` what is wrong, and may then stop ---

// A value of an enumeration without gaps.
template <typename Enum>
Enum ReadEnum(Opened& in, Enum last) {
  const uint8_t value = in.body.U8();
  if (value > static_cast<uint8_t>(last)) in.Refuse(Malformed::kRecord);
  return static_cast<Enum>(value);
}

void ReadFragment(Opened& in, uint16_t& fragment, uint16_t& fragments) {
  fragment = in.body.U16();
  fragments = in.body.U16();
  if (in.body.ok() && fragment >= fragments) in.Refuse(Malformed::kFragment);
}

// Tag and length of a value; the values of a message come in this order, each once.
void ReadTag(Opened& in, uint8_t tag, uint8_t length) {
  if (in.body.U8() != tag) in.Refuse(Malformed::kRecord);
  if (in.body.U8() != length) in.Refuse(Malformed::kRecord);
}

Response ReadResponse(Opened& in) {
  Response response;
  if (!in.HasRecords(in.address_size(), FixedSize(2, in.family))) return response;
  for (size_t i = 0; i < in.count; ++i) response.units.push_back(in.RequiredAddress());
  ReadTag(in, kStateTag, 1);
  response.state = ReadEnum(in, UnitState::kServerFault);
  in.Zeros(1);
  ReadTag(in, kGenerationTag, 4);
  response.generation = in.body.U32();
  in.Zeros(2);
  return response;
}

Charge ReadCharge(Opened& in) {
  Charge charge;
  charge.unit = in.RequiredAddress();
  charge.condition = in.RequiredAddress();
  if (in.body.U8() != 8 * in.address_size()) in.Refuse(Malformed::kRecord);
  const uint8_t flags = in.body.U8();
  charge.orphan = (flags & kOrphan) != 0;
  if ((flags & ~kOrphan) != 0) in.Refuse(Malformed::kReserved);
  in.Zeros(2);
  return charge;
}

Allocation ReadAllocation(Opened& in) {
  Allocation allocation;
  allocation.generation = in.body.U32();
  allocation.base = in.body.U32();
  ReadFragment(in, allocation.fragment, allocation.fragments);
  allocation.hand_over = ReadEnum(in, HandOver::kExact);
  in.Zeros(3);
  if (!in.HasRecords(ChargeSize(in.family))) return allocation;
  for (size_t i = 0; i < in.count; ++i) allocation.charges.push_back(ReadCharge(in));
  return allocation;
}

Confirmation ReadConfirmation(Opened& in) {
  Confirmation confirmation;
  confirmation.generation = in.body.U32();
  confirmation.unit = in.RequiredAddress();
  confirmation.status = ReadEnum(in, Confirmation::Status::kNoBase);
  in.Zeros(3);
  if (!in.HasRecords(kRange)) return confirmation;
  for (size_t i = 0; i < in.count; ++i) {
    const Range range{in.body.U16(), in.body.U16()};
    if (range.first > range.last) in.Refuse(Malformed::kRecord);
    confirmation.missing.push_back(range);
  }
  return confirmation;
}

std::vector<FlowMark> ReadFlowMarks(Opened& in) {
  std::vector<FlowMark> marks;
  if (!in.HasRecords(FlowMarkSize(in.family))) return marks;
  for (size_t i = 0; i < in.count; ++i) {
    FlowMark& mark = marks.emplace_back();
    mark.condition = in.RequiredAddress();
    mark.status = ReadEnum(in, FlowMark::Status::kLast);
    mark.protocol = in.body.U8();
    in.Zeros(2);
    mark.src = in.Address();
    mark.dst = in.Address();
    mark.src_port = in.body.U16();
    mark.dst_port = in.body.U16();
    mark.sequence = in.body.U32();
    mark.digest = in.body.U64();
  }
  return marks;
}

std::vector<ForwardedPacket> ReadForwarded(Opened& in) {
  std::vector<ForwardedPacket> packets;
  if (!in.HasRecords(kForwarded)) return packets;
  for (size_t i = 0; i < in.count; ++i) {
    ForwardedPacket& packet = packets.emplace_back();
    packet.digest = in.body.U64();
    packet.before_stop = in.body.U32();
  }
  return packets;
}

Report ReadReport(Opened& in) {
  Report report;
  report.generation = in.body.U32();
  ReadFragment(in, report.fragment, report.fragments);
  report.stopped_ago = microseconds(in.body.U32());
  const uint8_t kind = in.body.U8();
  if (kind > kDigests) in.Refuse(Malformed::kRecord);
  in.Zeros(3);
  if (kind == kMarks) {
    report.records = ReadFlowMarks(in);
  } else {
    report.records = ReadForwarded(in);
  }
  return report;
}

ReviewRequest ReadReviewRequest(Opened& in) {
  const ReviewRequest request{in.body.U32()};
  if (in.count != 0) in.Refuse(Malformed::kCount);
  return request;
}

FlowRequest ReadFlowRequest(Opened& in) {
  FlowRequest request;
  request.generation = in.body.U32();
  request.review = in.body.U32();
  if (in.count != 0) in.Refuse(Malformed::kCount);
  return request;
}

FlowResponse ReadFlowResponse(Opened& in) {
  FlowResponse response;
  response.generation = in.body.U32();
  response.review = in.body.U32();
  ReadFragment(in, response.fragment, response.fragments);
  response.overflows = in.body.U32();
  response.overflow_unit = milliseconds(in.body.U32());
  if (!in.HasRecords(FlowSize(in.family))) return response;
  for (size_t i = 0; i < in.count; ++i) {
    Flow& flow = response.flows.emplace_back();
    flow.condition = in.RequiredAddress();
    flow.bits_per_second = in.body.U64();
  }
  return response;
}

Message ReadBody(Opened& in) {
  if (in.body.left() < FixedSize(in.type, in.family)) {
    in.Refuse(Malformed::kLength);
    return {};
  }
  switch (in.type) {
    case 2: return ReadResponse(in);
    case 3: return ReadAllocation(in);
    case 4: return ReadConfirmation(in);
    case 5: return ReadReport(in);
    case 6: return ReadReviewRequest(in);
    case 7: return ReadFlowRequest(in);
    default: return ReadFlowResponse(in);
  }
}

// Records of one size that fit a packet of 1500 bytes.
size_t Most(Family family, uint8_t type, size_t record) {
  const size_t ip = family == Family::kIpv4 ? 20 : 40;
  const size_t left = 1500 - ip - 8 - FixedSize(type, family) - (HasAuthentication(type) ? 8 : 0) - kTrailerSize;
  return std::min<size_t>(255, left / record);
}

}  // namespace

std::vector<uint8_t> EncodeMessage(const Header& header, const Message& message, const vrrp::Ends& ends,
                            vrrp::ChecksumOver over, const std::optional<Trailer>& trailer) {
  ByteWriter out;
  PutHeader(out, TypeOf(message), std::visit([](const auto& m) { return CountOf(m); }, message), header);
  std::visit([&](const auto& m) { PutBody(out, ends.src.family(), m); }, message);
  return Finish(out, header, ends, over, trailer);
}

Decoded DecodeMessage(absl::Span<const uint8_t> message, const vrrp::Ends& ends) {
  Decoded decoded;
  Opened opened = Open(message, ends, kFirstType, kLastType);
  if (opened.malformed == Malformed::kNothing) {
    decoded.message = ReadBody(opened);
    decoded.trailer = Close(opened);
  }
  decoded.malformed = opened.malformed;
  if (decoded.malformed != Malformed::kNothing) decoded.message = {};
  decoded.type = opened.type;
  decoded.header = opened.header;
  decoded.over = opened.over;
  return decoded;
}

size_t MostUnits(Family family) { return Most(family, 2, AddressSize(family)); }
size_t MostCharges(Family family) { return Most(family, 3, ChargeSize(family)); }
size_t MostRanges(Family family) { return Most(family, 4, kRange); }
size_t MostFlowMarks(Family family) { return Most(family, 5, FlowMarkSize(family)); }
size_t MostForwarded(Family family) { return Most(family, 5, kForwarded); }
size_t MostFlows(Family family) { return Most(family, 8, FlowSize(family)); }

}  // namespace baton::controlplane::load_sharing
