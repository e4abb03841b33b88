// What all messages of the extension have in common: VRRP's header at the front; authentication data and the trailer
// at the end. docs/vrrp-load-sharing.md draws them. Pure and total on any bytes, any thread.
//
//   0       4       8               16              24             32
//   |version| type  |     VRID      |   priority    |    count      |
//   |   auth type   |   interval    |           checksum            |   types 1 and 2, and see vrrp/advert.h
//   |   auth type   |       0       |           checksum            |   types 3, 5 and 8
//   |       0       |       0       |           checksum            |   types 4, 6 and 7
//   |                             body                              |
//   |                 authentication data, 8 bytes                  |   types 1, 2, 3, 5 and 8
//   |                      trailer, 44 bytes                        |   with a key
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include "common/bytes.h"
#include "common/time_point.h"
#include "controlplane/vrrp/advert.h"

namespace baton::controlplane::load_sharing {

struct Header {
  uint8_t version = 3;
  uint8_t vrid = 0;
  uint8_t priority = 0;  // the sender's
  Duration interval{};   // types 1 and 2: whole seconds in version 2, hundredths in version 3
  uint8_t auth_type = vrrp::kNoAuthentication;  // version 2, types 1, 2, 3, 5 and 8
  std::string password = {};                    // kSimpleText: up to 8 characters
  friend bool operator==(const Header&, const Header&) = default;
};

// |    'L' 'S'    |  1  |  key  |  counter, 8 bytes  |  digest, 32 bytes  |; see hmac.h
struct Trailer {
  uint8_t key = 0;
  uint64_t counter = 0;
  std::array<uint8_t, 32> digest{};
  friend bool operator==(const Trailer&, const Trailer&) = default;
};
inline constexpr size_t kTrailerSize = 44;

enum class Malformed : uint8_t {
  kNothing,
  kLength,          // too short for what every message of its type has
  kVersion,         // neither 2 nor 3, or 2 over IPv6
  kType,            // not one of the decoder's
  kChecksum,
  kReserved,        // what has to be zero is not
  kAuthentication,  // of an unknown type, or the data are not as that type has them
  kCount,           // says another number of records than there are
  kFragment,        // none of as many as there are
  kAddress,         // where an end system or a unit has to be named, there is none
  kRecord,          // a record with a value that has no meaning
  kTrailer,         // there is something behind the message, but no trailer
};
inline constexpr size_t kMalformedReasons = 12;
absl::string_view MalformedName(Malformed malformed);

bool HasAuthentication(uint8_t type);

// The header of a message being read, and where its body begins.
struct Opened {
  Malformed malformed = Malformed::kNothing;
  uint8_t type = 0;
  Header header = {};  // but for the password, which is at the end
  vrrp::ChecksumOver over = vrrp::ChecksumOver::kMessage;
  Family family = Family::kIpv4;
  size_t count = 0;
  ByteReader body{{}};

  // Notes the first thing that is wrong; returns false.
  bool Refuse(Malformed why);
  // Whether what is left is as many records as the header says, `behind` more bytes of the body, and the end.
  bool HasRecords(size_t record_size, size_t behind = 0);
  // Addresses are of the packet's family; zeros are IpAddress{}.
  size_t address_size() const { return family == Family::kIpv4 ? 4 : 16; }
  IpAddress Address();
  IpAddress RequiredAddress();  // zeros are refused
  void Zeros(size_t count);     // others are refused
};
Opened Open(absl::Span<const uint8_t> message, const vrrp::Ends& ends, uint8_t first_type, uint8_t last_type);
// Reads what is behind the body. Nothing: there is no trailer, or the message is malformed.
std::optional<Trailer> Close(Opened& opened);

void PutHeader(ByteWriter& out, uint8_t type, size_t count, const Header& header);
void PutAddress(ByteWriter& out, const IpAddress& address, Family family);  // zeros for one of the other family
// Authentication data, trailer, checksum.
std::vector<uint8_t> Finish(ByteWriter& out, const Header& header, const vrrp::Ends& ends, vrrp::ChecksumOver over,
                            const std::optional<Trailer>& trailer);
void PutTrailer(ByteWriter& out, const Trailer& trailer);

}  // namespace baton::controlplane::load_sharing
