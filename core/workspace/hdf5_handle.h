// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>

#include "core/base/error.h"

namespace rankscope::workspace {

/// An HDF5 identifier that closes itself.
class Hdf5Handle {
 public:
    using Close = herr_t (*)(hid_t);

    /// Takes what an H5…create or H5…open call returned; throws Error if that failed.
    Hdf5Handle(hid_t id, Close close, const std::string& failure) : m_id(id), m_close(close) {
        if (m_id < 0) throw Error(failure);
    }
    Hdf5Handle(Hdf5Handle&& other) noexcept
        : m_id(std::exchange(other.m_id, -1)), m_close(other.m_close) {}
    Hdf5Handle& operator=(Hdf5Handle&&) = delete;
    ~Hdf5Handle() {
        if (m_id >= 0) m_close(m_id);
    }
    operator hid_t() const { return m_id; }

 private:
    hid_t m_id;
    Close m_close;
};

/// Throws Error if an HDF5 call reports failure.
inline void requireHdf5(herr_t status, const std::string& failure) {
    if (status < 0) throw Error(failure);
}

/// The one owner of the HDF5 library, which is not thread-safe as distributions build it. No
/// plugins are loaded and errors are reported by return values only while one exists.
class Hdf5Session {
 public:
    Hdf5Session() : m_lock(mutex()) {
        // Its own clean-up at exit crashes if a file could not be written (a full disk). We close
        // everything we open; a repeated or late call does nothing.
        H5dont_atexit();
        H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
        H5PLset_loading_state(0);
    }

 private:
    static std::mutex& mutex() {
        static std::mutex instance;
        return instance;
    }
    std::scoped_lock<std::mutex> m_lock;
};

}  // namespace rankscope::workspace
