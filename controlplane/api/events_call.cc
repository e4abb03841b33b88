#include "controlplane/api/events_call.h"

#include <chrono>
#include <thread>

#include <absl/strings/str_cat.h>

namespace baton::controlplane {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(20);

class Follower {
 public:
  explicit Follower(std::atomic<int>& count) : count_(count), number_(++count) {}
  ~Follower() { --count_; }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  bool TooMany() const { return number_ > kMostFollowers; }

 private:
  std::atomic<int>& count_;
  const int number_;
};

v1::Event ToMessage(const LoggedEvent& event) {
  const auto ago = std::chrono::steady_clock::now() - event.at;
  const auto wall = std::chrono::system_clock::now().time_since_epoch() - ago;
  v1::Event message;
  message.set_number(event.number);
  message.set_unix_seconds(std::chrono::duration<double>(wall).count());
  message.set_kind(event.kind);
  message.set_text(event.text);
  return message;
}

}  // namespace

absl::Status StreamEvents(const Requests& requests, const v1::EventsRequest& in, std::atomic<int>& followers,
                          grpc::ServerContext& context, grpc::ServerWriter<v1::Event>& out) {
  const Follower self(followers);
  if (self.TooMany()) {
    return absl::ResourceExhaustedError(absl::StrCat("events: ", kMostFollowers, " already follow"));
  }
  const uint64_t count = in.count() == 0 ? ~uint64_t{0} : in.count();
  uint64_t told = 0, last = 0;
  while (!context.IsCancelled()) {
    for (const LoggedEvent& event : requests.EventsAfter(last)) {
      if (told == count || !out.Write(ToMessage(event))) return absl::OkStatus();
      ++told;
      last = event.number;
    }
    if (told == count || !in.follow()) return absl::OkStatus();
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return absl::OkStatus();
}

}  // namespace baton::controlplane
