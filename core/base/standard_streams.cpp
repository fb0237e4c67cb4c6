// SPDX-License-Identifier: Apache-2.0
#include "core/base/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace rankscope {

void holdStandardDescriptors() noexcept {
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
        if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
        // The lowest free number is taken, which is this one. Reading gives the end at once.
        if (open("/dev/null", O_RDONLY) == -1) return;
    }
}

bool writeDescriptor(int descriptor, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

void writeStandardError(std::string_view text) noexcept { writeDescriptor(STDERR_FILENO, text); }

}  // namespace rankscope
