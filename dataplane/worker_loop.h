// The loop around Worker::PollOnce: reads the clock, and pauses when there is nothing to do and the polling is
// adaptive. Runs on the worker's own lcore until `stop` is set.
#pragma once

#include <atomic>

#include "dataplane/worker.h"

namespace baton::dataplane {

// `adaptive`: after kIdlePolls polls without work the worker sleeps, 20 us at first and twice as long each time up to
// 320 us, so that several boxes and their clients can share few cores; the first packet ends that. Otherwise it never
// sleeps. `stop` is set by the main thread; relaxed, as nothing is published through it.
void RunWorker(Worker& worker, bool adaptive, const std::atomic<bool>& stop);

}  // namespace baton::dataplane
