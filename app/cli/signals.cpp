// SPDX-License-Identifier: Apache-2.0
#include "app/cli/signals.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace rankscope::cli {

namespace {

std::atomic<int> stopSignals = 0;
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

extern "C" void countStopSignal(int) {
    if (stopSignals.fetch_add(1) > 0) _exit(130);
}

void handle(int signal, void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
}

}  // namespace

void installSignalHandlers() {
    handle(SIGINT, countStopSignal);
    handle(SIGTERM, countStopSignal);
    handle(SIGHUP, countStopSignal);
    handle(SIGPIPE, SIG_IGN);
}

bool stopSignalled() { return stopSignals.load() > 0; }

}  // namespace rankscope::cli
