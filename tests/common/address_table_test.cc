#include <catch2/catch.hpp>

#include "common/address_table.h"

namespace baton {
namespace {

const IpAddress kOwn = IpAddress::V4(0x0a000001);
const IpAddress kExternal = IpAddress::V4(0xc633640a);
const IpAddress kInternal = IpAddress::Parse("2001:db8::10").value();

std::vector<LocalAddress> Three(AddressMode external_mode = AddressMode::kNormal) {
  return {{.address = kOwn, .kind = AddressKind::kOwn, .port = 1},
          {.address = kExternal, .kind = AddressKind::kExternal, .mode = external_mode},
          {.address = kInternal, .kind = AddressKind::kInternal}};
}

TEST_CASE("the mode table lists each address of the box with its mode [AM-17]") {
  const AddressTable table(Three(AddressMode::kMigration));
  REQUIRE(table.size() == 3);
  const Slot slot = table.Find(kExternal);
  REQUIRE(slot == 1);  // its place in the list
  CHECK(table.at(slot).address == kExternal);
  CHECK(table.at(slot).kind == AddressKind::kExternal);
  CHECK(table.at(slot).mode == AddressMode::kMigration);
  CHECK(table.at(table.Find(kOwn)).port == 1);
  CHECK(table.at(table.Find(kInternal)).mode == AddressMode::kNormal);
}

TEST_CASE("an address that is not ours has no slot") {
  const AddressTable table(Three());
  CHECK(table.Find(IpAddress::V4(0x0a000002)) == kNoSlot);
  CHECK(table.Find(IpAddress{}) == kNoSlot);
  CHECK(AddressTable({}).Find(kOwn) == kNoSlot);
}

TEST_CASE("one address out of normal mode is enough to look at modes") {
  struct Case { const char* name; AddressMode mode; bool all_normal; };
  const auto c = GENERATE(values<Case>({
      {"all in charge", AddressMode::kNormal, true},
      {"one held", AddressMode::kMigration, false},
      {"one given up", AddressMode::kNone, false},
  }));
  CAPTURE(c.name);
  CHECK(AddressTable(Three(c.mode)).all_normal() == c.all_normal);
  CHECK(AddressTable({}).all_normal());
}

}  // namespace
}  // namespace baton
