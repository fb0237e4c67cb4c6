// SPDX-License-Identifier: Apache-2.0
#include "app/cli/out_of_memory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <string_view>

#include "core/base/memory_limit.h"
#include "core/base/unfinished.h"

namespace rankscope::cli {

namespace {

constexpr int exitFailed = 1;
constexpr std::size_t reservedBytes = std::size_t{1} << 20U;

Output* output = nullptr;
std::unique_ptr<std::byte[]> reserved;  // what saying it takes

std::string sentenceOf(const std::exception_ptr& uncaught) {
    try {
        if (uncaught) std::rethrow_exception(uncaught);
    } catch (const std::bad_alloc&) {
        return outOfMemorySentence();
    } catch (const std::exception& problem) {
        const std::string_view what = problem.what();
        if (what.find("allocate memory") != std::string_view::npos) return outOfMemorySentence();
        return fmt::format("Unexpected failure: {}", printable(what, 1000));
    } catch (...) {
    }
    return "Unexpected failure of a kind that has no words.";
}

[[noreturn]] void sayAndEnd() {
    static std::atomic<bool> ending = false;
    if (ending.exchange(true))
        while (true) ::pause();  // another thread says it
    reserved.reset();
    removeUnfinished();
    try {
        output->failure(sentenceOf(std::current_exception()), {}, exitFailed);
    } catch (...) {  // nothing is left to say it with
    }
    ::_exit(exitFailed);
}

}  // namespace

std::string outOfMemorySentence() {
    const std::string limits = limitsInWords();
    return fmt::format(
        "Memory ran short{}: choose fewer matrices with --targets, smaller batches or fewer "
        "--threads{}.",
        limits.empty() ? "" : fmt::format(" ({})", limits),
        limits.empty() ? "" : ", or raise the limit");
}

void installLastWords(Output& to) {
    output = &to;
    reserved = std::make_unique<std::byte[]>(reservedBytes);
    std::set_terminate(sayAndEnd);
}

}  // namespace rankscope::cli
