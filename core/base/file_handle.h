// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace rankscope {

/// An open file descriptor that closes itself.
class FileHandle {
 public:
    FileHandle() = default;
    explicit FileHandle(int descriptor) : m_descriptor(descriptor) {}
    FileHandle(FileHandle&& other) noexcept;
    FileHandle& operator=(FileHandle&& other) noexcept;
    ~FileHandle();
    int get() const { return m_descriptor; }
    explicit operator bool() const { return m_descriptor >= 0; }

 private:
    int m_descriptor = -1;
};

}  // namespace rankscope
