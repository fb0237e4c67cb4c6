# SPDX-License-Identifier: Apache-2.0
"""How much memory of the GPU is in use, asked of the driver's own library: the same measure for
every contender, whatever allocator it has. What others use is there too, so look at differences."""
import ctypes
import threading


class _Memory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong),
                ("used", ctypes.c_ulonglong)]


class _Driver:
    """NVML for the first GPU; used() is None where it cannot be asked."""

    def __init__(self):
        self.device = ctypes.c_void_p()
        try:
            self.library = ctypes.CDLL("libnvidia-ml.so.1")
            if (self.library.nvmlInit_v2() != 0 or
                    self.library.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self.device)) != 0):
                self.library = None
        except (OSError, AttributeError):
            self.library = None

    def used(self):
        memory = _Memory()
        if self.library is None or \
                self.library.nvmlDeviceGetMemoryInfo(self.device, ctypes.byref(memory)) != 0:
            return None
        return memory.used


class PeakMemory:
    """Looks every 10 ms between start and stop. `megabytes` is what came on top of what was in use
    when this object was made, at most; None where it cannot be known."""

    def __init__(self):
        self.driver = _Driver()
        self.before = self.driver.used()
        self.most = self.before

    def __enter__(self):
        self.most = self.driver.used()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def _look(self):
        while self.before is not None and not self.ended.wait(0.01):
            self.most = max(self.most, self.driver.used() or 0)

    def __exit__(self, *error):
        self.ended.set()
        self.thread.join()

    @property
    def megabytes(self):
        return None if self.before is None else round((self.most - self.before) / 1e6)
