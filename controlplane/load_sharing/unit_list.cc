#include "controlplane/load_sharing/unit_list.h"

namespace baton::controlplane::load_sharing {
namespace {

constexpr uint8_t kStatesTag = 1, kModeTag = 2;

// Tag, length, `length` bytes: how much is missing to a multiple of 4.
size_t Padding(size_t length) { return (4 - (2 + length) % 4) % 4; }

// A value has the length in one byte, so of 255 units all states fit.
size_t ValueSize(size_t length) { return 2 + length + Padding(length); }

void ReadUnits(Opened& in, UnitAdvert& advert) {
  if (!in.HasRecords(in.address_size(), ValueSize(in.count) + ValueSize(1))) return;
  advert.units.resize(in.count);
  for (UnitAdvert::Unit& unit : advert.units) unit.address = in.RequiredAddress();
  if (in.body.U8() != kStatesTag || in.body.U8() != in.count) in.Refuse(Malformed::kRecord);
  for (UnitAdvert::Unit& unit : advert.units) {
    const uint8_t state = in.body.U8();
    if (state > static_cast<uint8_t>(UnitState::kServerFault)) in.Refuse(Malformed::kRecord);
    unit.state = static_cast<UnitState>(state);
  }
  in.Zeros(Padding(in.count));
  if (in.body.U8() != kModeTag || in.body.U8() != 1) in.Refuse(Malformed::kRecord);
  const uint8_t mode = in.body.U8();
  if (mode > static_cast<uint8_t>(HandOver::kExact)) in.Refuse(Malformed::kRecord);
  advert.hand_over = static_cast<HandOver>(mode);
  in.Zeros(1);
}

}  // namespace

std::vector<uint8_t> EncodeUnitAdvert(const Header& header, const UnitAdvert& advert, const vrrp::Ends& ends,
                                      vrrp::ChecksumOver over, const std::optional<Trailer>& trailer) {
  const size_t count = advert.units.size();
  ByteWriter out;
  PutHeader(out, kUnitAdvertType, count, header);
  for (const UnitAdvert::Unit& unit : advert.units) PutAddress(out, unit.address, ends.src.family());
  out.U8(kStatesTag).U8(static_cast<uint8_t>(count));
  for (const UnitAdvert::Unit& unit : advert.units) out.U8(static_cast<uint8_t>(unit.state));
  out.Zeros(Padding(count));
  out.U8(kModeTag).U8(1).U8(static_cast<uint8_t>(advert.hand_over)).Zeros(1);
  return Finish(out, header, ends, over, trailer);
}

DecodedUnitAdvert DecodeUnitAdvert(absl::Span<const uint8_t> message, const vrrp::Ends& ends) {
  DecodedUnitAdvert decoded;
  Opened opened = Open(message, ends, kUnitAdvertType, kUnitAdvertType);
  if (opened.malformed == Malformed::kNothing) {
    ReadUnits(opened, decoded.advert);
    decoded.trailer = Close(opened);
  }
  decoded.malformed = opened.malformed;
  if (decoded.malformed != Malformed::kNothing) decoded.advert = {};
  decoded.header = opened.header;
  decoded.over = opened.over;
  return decoded;
}

}  // namespace baton::controlplane::load_sharing
