// The DPDK environment: started once by a program's main thread, before anything of dataplane/dpdk or the tables is
// made, and stopped last. DPDK cannot be started a second time in one process. Two processes need different
// `--file-prefix`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/status.h"

namespace baton::dataplane {

// Gets each line that DPDK logs, without the end of line; called by any thread.
using EalLog = std::function<void(absl::string_view line)>;

// Starts DPDK with these arguments (without a program name). The calling thread becomes the main lcore. An error names
// what DPDK complained about. `log` may be empty: lines then go to standard error.
absl::Status StartEal(const std::vector<std::string>& arguments, EalLog log = {});

// No hugepages, no files, no PCI devices: as tests run it.
absl::Status StartEalForTests(int megabytes = 128);

// Frees what DPDK holds. REQUIRES: workers have ended, and ports, pools and tables are gone.
void StopEal();

// The lcores that workers run on: all but the main one.
std::vector<unsigned> WorkerLcores();
// Runs `body` on an idle worker lcore; `body` must stay valid until WaitForLcore returned.
absl::Status LaunchOnLcore(unsigned lcore, const std::function<void()>& body);
void WaitForLcore(unsigned lcore);

// The text for an error number of DPDK, of either sign.
std::string DpdkError(int error);

}  // namespace baton::dataplane
