// Advertisements with the list of units (unit_list.h), of a group whose units all have them (`advert_format`).
#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/load_sharing/sharer.h"

namespace baton::controlplane::load_sharing {

// Table A, which the others do not have. What is sent on becoming active shows the units as a backup knew them.
std::vector<uint8_t> Sharer::WriteUnitList(uint8_t priority, const vrrp::Ends& ends) {
  const Identity& identity = settings_.identity;
  UnitAdvert advert;
  advert.hand_over = settings_.machine.hand_over;  // VR-69
  for (const UnitRow& unit : machine_.tables().units()) {
    advert.units.push_back({unit.address, unit.address == identity.own ? UnitState::kWorking : unit.state});
  }
  const Header header{.version = identity.version, .vrid = identity.vrid, .priority = priority,
                      .interval = settings_.interval, .auth_type = identity.auth_type, .password = identity.password};
  return seals_.Seal(EncodeUnitAdvert(header, advert, ends, settings_.over), ends, settings_.over);
}

std::optional<vrrp::Advert> Sharer::ReadUnitList(const vrrp::Unwrapped& message) {
  Inbox::HeardUnits heard = inbox_.HearUnits(message.message, message.envelope.ends, message.envelope.ttl);
  if (heard.refusal != Refusal::kNothing) return std::nullopt;
  CompareLists(message.envelope.ends.src, heard.advert);
  told_ = std::move(heard.advert);
  const Header& header = heard.header;
  return vrrp::Advert{.version = header.version, .vrid = header.vrid, .priority = header.priority,
                      .interval = header.interval, .addresses = {}, .auth_type = header.auth_type,
                      .password = header.password};
}

// Not refused: while units are added one router after the other, two of them would both be active.
void Sharer::CompareLists(const IpAddress& from, const UnitAdvert& advert) {
  std::vector<IpAddress> own, told;
  for (const UnitRow& unit : machine_.tables().units()) own.push_back(unit.address);
  for (const UnitAdvert::Unit& unit : advert.units) told.push_back(unit.address);
  const bool differ = !std::is_permutation(own.begin(), own.end(), told.begin(), told.end());
  if (std::exchange(lists_differ_, differ) == differ) return;
  const char* lists =
      differ ? " lists other units than are configured here" : " lists the units that are configured here";
  callbacks_.OnSharingEvent(settings_.group, absl::StrCat(from.ToString(), lists));
}

}  // namespace baton::controlplane::load_sharing
