// What the control thread of a scenario's box does for load sharing: virtual routers, conditions, and what the workers
// tell of them. Test code only; one thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "common/address_table.h"
#include "common/hand_over_work.h"
#include "common/update.h"

namespace baton::scenarios {

class Box;

class LoadSharing {
 public:
  explicit LoadSharing(Box& box) : box_(box) {}

  static bool Knows(const std::string& command);
  absl::Status Do(const std::vector<std::string>& words);
  absl::Status Expect(const std::vector<std::string>& words);
  void OnEvent(size_t worker, const Event& event);
  // Lent batches that were not handed back.
  std::vector<std::string> Mistakes() const;

 private:
  absl::Status Share(const std::vector<std::string>& words);
  absl::Status Condition(const std::vector<std::string>& words);
  absl::Status Flows();
  absl::Status Give(const std::vector<std::string>& words);
  absl::Status Take(const std::vector<std::string>& words);
  absl::Status Report(const std::vector<std::string>& words);
  absl::Status End(const std::vector<std::string>& words);
  absl::Status ExpectReport(const std::vector<std::string>& words);
  absl::StatusOr<ConditionGroup> GroupOf(const std::string& vrid, const IpAddress& address) const;

  // One router's part of each, or both: then the box is the old router for one group and the new one for another.
  struct HandOver {
    std::vector<std::unique_ptr<Giving>> givings;  // by worker
    std::vector<std::unique_ptr<Taking>> takings;
    size_t given = 0;  // of these are back
  };

  Box& box_;
  std::vector<VirtualMac> macs_;  // by group
  std::vector<LocalAddress> own_;
  std::vector<std::unique_ptr<ConditionBatch>> batches_;
  std::vector<std::unique_ptr<FlowBatch>> listings_;
  size_t lent_ = 0;
  std::map<IpAddress, std::pair<uint64_t, uint64_t>> flows_;  // packets, bytes
  std::set<IpAddress> seen_;
  int refused_ = 0;
  std::map<std::string, HandOver> hand_overs_;
};

}  // namespace baton::scenarios
