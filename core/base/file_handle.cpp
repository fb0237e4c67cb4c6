// SPDX-License-Identifier: Apache-2.0
#include "core/base/file_handle.h"

#include <unistd.h>

#include <utility>

namespace rankscope {

FileHandle::FileHandle(FileHandle&& other) noexcept
    : m_descriptor(std::exchange(other.m_descriptor, -1)) {}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
    std::swap(m_descriptor, other.m_descriptor);
    return *this;
}

FileHandle::~FileHandle() {
    if (m_descriptor >= 0) ::close(m_descriptor);
}

}  // namespace rankscope
