#include <catch2/catch.hpp>

#include "controlplane/access_listing.h"
#include "tests/controlplane/fake_worker.h"

namespace baton::controlplane {
namespace {

using Asked = std::shared_ptr<Question<AccessListing::Answer>>;
constexpr Duration kLimit = std::chrono::seconds(1);
const TimePoint kNow{std::chrono::hours(1)};

AccessRow Row(uint16_t client_port, uint32_t client = 0xc0000201, Slot service = 0) {
  AccessRow row;
  row.client = IpAddress::V4(client);
  row.external = IpAddress::V4(0xc6336401);
  row.backend = IpAddress::V4(0x0a000000 + client_port % 2);
  row.client_port = client_port;
  row.service_slot = service;
  return row;
}

struct Fixture {
  FakeWorker a{4}, b{4};
  AccessListing listing{{&a, &b}, kLimit};

  Asked Ask(const AccessFilter& filter, Slot service = kNoSlot) {
    auto question = std::make_shared<Question<AccessListing::Answer>>();
    REQUIRE(listing.Start(filter, service, question).ok());
    return question;
  }
  // Lets both workers and the listing work until neither has anything to do.
  void Settle() {
    listing.Tick(kNow);
    for (int worked = 1; worked != 0;) {
      worked = 0;
      for (const auto& [index, worker] : {std::pair{0, &a}, std::pair{1, &b}}) {
        worker->TakeAll();
        for (Event event; worker->Take(&event); ++worked) listing.OnRowsListed(index, kNow);
      }
    }
  }
};

TEST_CASE("the rows of all workers are listed, each with its worker") {
  Fixture f;
  for (uint16_t i = 0; i < 130; ++i) f.a.rows.push_back(Row(i));  // three batches
  f.b.rows = {Row(1000)};
  const Asked question = f.Ask({});
  f.Settle();
  const auto rows = question->Wait(Duration::zero());
  REQUIRE(rows.ok());
  REQUIRE(rows->size() == 131);
  for (uint16_t i = 0; i < 130; ++i) CHECK((*rows)[i].row.client_port == i);
  CHECK((*rows)[129].worker == 0);
  CHECK((*rows)[130].worker == 1);
  CHECK((*rows)[130].row.client_port == 1000);
  CHECK_FALSE(f.listing.busy());
}

TEST_CASE("a filter lists the rows that match all of it") {
  struct Case { const char* name; AccessFilter filter; Slot service; std::vector<uint16_t> ports; };
  AccessFilter client, backend, both, stranger, external;
  client.client = both.client = IpAddress::V4(0xc0000202);
  backend.backend = both.backend = IpAddress::V4(0x0a000001);
  stranger.external = IpAddress::V4(1);
  external.external = IpAddress::V4(0xc6336401);
  const auto c = GENERATE_COPY(values<Case>({
      {"no filter", {}, kNoSlot, {1, 2, 3, 4}},
      {"by client", client, kNoSlot, {3, 4}},
      {"by backend", backend, kNoSlot, {1, 3}},
      {"by client and backend", both, kNoSlot, {3}},
      {"by service", {}, 7, {2}},
      {"by external address", external, kNoSlot, {1, 2, 3, 4}},
      {"nothing matches", stranger, kNoSlot, {}},
  }));
  CAPTURE(c.name);
  Fixture f;
  f.a.rows = {Row(1), Row(2, 0xc0000201, 7), Row(3, 0xc0000202), Row(4, 0xc0000202)};
  const Asked question = f.Ask(c.filter, c.service);
  f.Settle();
  const auto rows = question->Wait(Duration::zero());
  REQUIRE(rows.ok());
  std::vector<uint16_t> ports;
  for (const ListedRow& row : *rows) ports.push_back(row.row.client_port);
  CHECK(ports == c.ports);
}

TEST_CASE("no more rows than the limit, and no walk beyond it") {
  Fixture f;
  for (uint16_t i = 0; i < 500; ++i) f.a.rows.push_back(Row(i));
  AccessFilter filter;
  filter.limit = 70;
  const Asked question = f.Ask(filter);
  f.Settle();
  CHECK(question->Wait(Duration::zero())->size() == 70);
  CHECK(f.b.updates.empty());
}

TEST_CASE("requests are served one after another") {
  Fixture f;
  f.a.rows = {Row(1), Row(2)};
  const Asked first = f.Ask({}), second = f.Ask({});
  f.listing.Tick(kNow);
  CHECK(f.a.updates.size() == 1);
  f.Settle();
  CHECK(first->Wait(Duration::zero())->size() == 2);
  CHECK(second->Wait(Duration::zero())->size() == 2);
}

TEST_CASE("a worker that does not answer makes the request fail in time, and its batch is not used before it is back") {
  Fixture f;
  f.a.rows = {Row(1)};
  const Asked first = f.Ask({});
  f.listing.Tick(kNow);
  f.listing.Tick(kNow + kLimit - Duration(1));
  CHECK(f.listing.busy());
  f.listing.Tick(kNow + kLimit);
  const auto answer = first->Wait(Duration::zero());
  CHECK(answer.status().code() == absl::StatusCode::kUnavailable);
  CHECK(std::string(answer.status().message()).find("worker 0") == 0);

  const Asked second = f.Ask({});
  f.listing.Tick(kNow + kLimit);
  CHECK(f.a.updates.size() == 1);  // the batch is still out: not lent again
  f.Settle();
  const auto rows = second->Wait(Duration::zero());
  REQUIRE(rows.ok());
  CHECK(rows->size() == 1);  // the late answer was not taken for this request's
}

TEST_CASE("a full ring to a worker is tried again") {
  Fixture f;
  f.a.rows = {Row(1)};
  for (int i = 0; i < 4; ++i) f.a.updates.push_back(Commit{1});
  const Asked question = f.Ask({});
  f.listing.Tick(kNow);
  CHECK(f.a.updates.size() == 4);
  f.a.updates.clear();
  f.Settle();
  CHECK(question->Wait(Duration::zero())->size() == 1);
}

TEST_CASE("more listings than may wait are refused") {
  Fixture f;
  for (size_t i = 0; i < AccessListing::kMostWaiting; ++i) f.Ask({});
  const auto question = std::make_shared<Question<AccessListing::Answer>>();
  CHECK(f.listing.Start({}, kNoSlot, question).code() == absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace baton::controlplane
