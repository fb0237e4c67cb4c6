// SPDX-License-Identifier: Apache-2.0
#include "app/cli/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "core/base/standard_streams.h"
#include "core/base/unfinished.h"

namespace rankscope::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int exitInterrupted = 130;
constexpr std::chrono::seconds patience{5};

std::atomic<int> stopSignals = 0;
std::atomic<bool> watched = false;
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");
int pipeEnds[2] = {-1, -1};  // the handler writes a byte, the watching thread reads it

extern "C" void noteStopSignal(int) {
    const int before = errno;
    if (stopSignals.fetch_add(1) > 0 && !watched) _exit(exitInterrupted);
    const char byte = 0;
    const ssize_t written = ::write(pipeEnds[1], &byte, 1);
    (void)written;  // a full pipe tells enough
    errno = before;
}

/// False if none came in time; without a time it waits for ever.
bool awaitStopSignal(std::chrono::milliseconds time = std::chrono::milliseconds(-1)) {
    const auto until = Clock::now() + time;
    while (true) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
        if (time.count() >= 0 && left.count() <= 0) return false;
        pollfd end = {pipeEnds[0], POLLIN, 0};
        char byte = 0;
        if (::poll(&end, 1, time.count() < 0 ? -1 : static_cast<int>(left.count())) == 1 &&
            ::read(pipeEnds[0], &byte, 1) == 1)
            return true;
    }
}

/// Ends the process if the command does not stop by itself, e.g. in a library that never
/// returns.
extern "C" void* watchStopSignals(void*) {
    awaitStopSignal();
    const bool again = awaitStopSignal(patience);
    removeUnfinished();
    writeStandardError(
        again ? "rankscope-cli: Ended by the second signal; what was half-written is removed.\n"
              : "rankscope-cli: Ended 5 s after the signal; what was half-written is removed.\n");
    _exit(exitInterrupted);
}

void startWatching() {
    if (::pipe2(pipeEnds, O_CLOEXEC) != 0) return;
    ::fcntl(pipeEnds[1], F_SETFL, O_NONBLOCK);
    pthread_attr_t small;
    pthread_attr_init(&small);
    constexpr std::size_t stackBytes = std::size_t{256} << 10U;
    pthread_attr_setstacksize(&small, stackBytes);
    pthread_t thread;
    watched = pthread_create(&thread, &small, watchStopSignals, nullptr) == 0;
    pthread_attr_destroy(&small);
    if (watched) pthread_detach(thread);
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
    startWatching();
    handle(SIGINT, noteStopSignal);
    handle(SIGTERM, noteStopSignal);
    handle(SIGHUP, noteStopSignal);
    handle(SIGPIPE, SIG_IGN);
    handle(SIGXFSZ, SIG_IGN);
    std::atexit(removeUnfinished);  // libraries may end the process
}

bool stopSignalled() { return stopSignals.load() > 0; }

}  // namespace rankscope::cli
