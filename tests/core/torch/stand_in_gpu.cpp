// SPDX-License-Identifier: Apache-2.0
// A stand-in for an NVIDIA GPU, for tests on machines without one: LibTorch takes it for "cuda:0".
// Its memory is closed to the processor, so that code which follows a device's pointer crashes; it
// holds NaN until it is written, so that nothing can depend on its old content; an operation on
// tensors of two devices is refused, as CUDA does, and so is one on memory of another stream's,
// which CUDA would let run too early. Operations themselves run on the CPU.
//
// RANKSCOPE_BACKEND names this library, which brings the real backend library along. Only for a
// LibTorch without CUDA: with it the places that are taken here are taken already.
#include <ATen/ATen.h>
#include <ATen/CPUFunctions.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <torch/library.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace {

const c10::Device theGpu(c10::kCUDA, 0);

/// Work is done when a call returns, so streams differ in their number only.
thread_local c10::StreamId currentStream = 0;

/// One stretch of memory that is mapped twice: closed, at the addresses that tensors have, and open
/// for the copies of this file. Blocks that were given back are handed out again first, as CUDA's
/// allocator does.
class DeviceMemory {
 public:
    static DeviceMemory& get() {
        static auto* const memory = new DeviceMemory;  // tensors may outlive static objects
        return *memory;
    }

    void* allocate(std::size_t bytes) {
        if (bytes == 0) return nullptr;
        const std::size_t size = (bytes + page - 1) / page * page;
        const std::lock_guard lock(m_mutex);
        char* block = nullptr;
        if (auto& free = m_free[size]; !free.empty()) {
            block = free.back();
            free.pop_back();
        } else {
            TORCH_CHECK(m_used + size <= capacity, "CUDA out of memory. The stand-in has no more.");
            block = m_closed + m_used;
            m_used += size;
        }
        m_sizes[block] = size;
        m_streams[block] = currentStream;
        std::memset(open(block), 0xff, size);  // NaN in every floating type
        return block;
    }
    void release(void* block) {
        const std::lock_guard lock(m_mutex);
        m_free[m_sizes.at(block)].push_back(static_cast<char*>(block));
    }
    /// The stream that was current when the memory around an address was taken.
    c10::StreamId streamOf(void* inside) {
        const std::lock_guard lock(m_mutex);
        return std::prev(m_streams.upper_bound(inside))->second;
    }
    char* open(const void* closed) const {
        return m_open + (static_cast<const char*>(closed) - m_closed);
    }

 private:
    static constexpr std::size_t page = 4096;
    static constexpr std::size_t capacity = std::size_t{16} << 30U;

    DeviceMemory() {
        const int file = memfd_create("stand-in GPU", 0);
        const bool made = file >= 0 && ftruncate(file, static_cast<off_t>(capacity)) == 0;
        const auto map = [&](int protection) {
            return static_cast<char*>(
                mmap(nullptr, capacity, protection, MAP_SHARED | MAP_NORESERVE, file, 0));
        };
        m_closed = map(PROT_NONE);
        m_open = map(PROT_READ | PROT_WRITE);
        TORCH_CHECK(made && m_closed != MAP_FAILED && m_open != MAP_FAILED,
                    "The stand-in's memory cannot be mapped.");
        close(file);
    }

    std::mutex m_mutex;
    char *m_closed = nullptr, *m_open = nullptr;
    std::size_t m_used = 0;
    std::map<std::size_t, std::vector<char*>> m_free;
    std::map<void*, std::size_t> m_sizes;
    std::map<void*, c10::StreamId> m_streams;
};

struct DeviceAllocator final : c10::Allocator {
    static void release(void* block) { DeviceMemory::get().release(block); }
    c10::DataPtr allocate(std::size_t bytes) const override {
        void* block = DeviceMemory::get().allocate(bytes);
        return {block, block, block == nullptr ? &c10::detail::deleteNothing : &release, theGpu};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &release; }
};

DeviceAllocator* allocator() {
    static auto* const one = new DeviceAllocator;
    return one;
}

// --- what LibTorch asks about devices -----------------------------------------------------------

struct CUDAHooks final : at::CUDAHooksInterface {
    explicit CUDAHooks(at::CUDAHooksArgs) {}
    void initCUDA() const override {}
    bool hasCUDA() const override { return true; }
    int getNumGPUs() const override { return 1; }
    std::int64_t current_device() const override { return 0; }
    bool hasPrimaryContext(std::int64_t) const override { return true; }
};

struct Guard final : c10::impl::DeviceGuardImplInterface {
    c10::DeviceType type() const override { return c10::kCUDA; }
    c10::Device exchangeDevice(c10::Device) const override { return theGpu; }
    c10::Device getDevice() const override { return theGpu; }
    void setDevice(c10::Device) const override {}
    void uncheckedSetDevice(c10::Device) const noexcept override {}
    c10::DeviceIndex deviceCount() const noexcept override { return 1; }

    static c10::Stream stream(c10::StreamId id) {
        return c10::Stream(c10::Stream::UNSAFE, theGpu, id);
    }
    c10::Stream getStream(c10::Device) const noexcept override { return stream(currentStream); }
    c10::Stream getDefaultStream(c10::Device) const override { return stream(0); }
    c10::Stream getStreamFromGlobalPool(c10::Device, bool) const override {
        static std::atomic<c10::StreamId> last{0};
        return stream(++last);
    }
    c10::Stream exchangeStream(c10::Stream next) const noexcept override {
        return stream(std::exchange(currentStream, next.id()));
    }
    bool queryStream(const c10::Stream&) const override { return true; }
    void synchronizeStream(const c10::Stream&) const override {}
    void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
    void block(void*, const c10::Stream&) const override {}
    bool queryEvent(void*) const override { return true; }
};

// --- operations ---------------------------------------------------------------------------------

/// The same numbers, open to the CPU.
at::Tensor opened(const at::Tensor& tensor) {
    if (!tensor.is_cuda() || tensor.numel() == 0) return tensor;
    TORCH_CHECK(DeviceMemory::get().streamOf(tensor.data_ptr()) == currentStream,
                "Memory of another stream is used without waiting for it.");
    return at::from_blob(DeviceMemory::get().open(tensor.data_ptr()), tensor.sizes(),
                         tensor.strides(), tensor.options().device(at::kCPU));
}

at::Tensor emptyContiguous(at::IntArrayRef size, c10::optional<at::ScalarType> type,
                           c10::optional<at::Layout>, c10::optional<at::Device>,
                           c10::optional<bool>, c10::optional<at::MemoryFormat> format) {
    return at::detail::empty_generic(size, allocator(), c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                     type.value_or(at::kFloat), format);
}

at::Tensor emptyStrided(at::IntArrayRef size, at::IntArrayRef stride,
                        c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
                        c10::optional<at::Device>, c10::optional<bool>) {
    return at::detail::empty_strided_generic(size, stride, allocator(),
                                             c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                             type.value_or(at::kFloat));
}

/// The one operation that takes tensors of two devices.
at::Tensor& copied(at::Tensor& self, const at::Tensor& source, bool) {
    if (self.numel() > 0) opened(self).copy_(opened(source));
    return self;
}

const at::Tensor& resized(const at::Tensor& self, at::IntArrayRef size,
                          c10::optional<at::MemoryFormat>) {
    c10::TensorImpl* tensor = self.unsafeGetTensorImpl();
    tensor->set_sizes_contiguous(size);
    const auto needed =
        static_cast<std::size_t>(self.storage_offset() + self.numel()) * self.itemsize();
    if (needed > self.storage().nbytes()) {
        c10::Storage storage = self.storage();
        c10::DataPtr data = allocator()->allocate(needed);
        if (storage.nbytes() > 0)
            std::memcpy(DeviceMemory::get().open(data.get()),
                        DeviceMemory::get().open(storage.data()), storage.nbytes());
        storage.set_data_ptr_noswap(std::move(data));
        storage.set_nbytes(needed);
    }
    return self;
}

at::Tensor copyAndResize(const at::Tensor& source, const at::Tensor& target) {
    if (target.sizes() != source.sizes()) resized(target, source.sizes(), c10::nullopt);
    at::Tensor written = target;
    return copied(written, source, false);
}

/// Refuses what CUDA refuses: tensors of two devices, except single numbers.
void requireOneDevice(const c10::OperatorHandle& operation, const torch::jit::Stack& stack) {
    const auto check = [&](const at::Tensor& tensor) {
        TORCH_CHECK(!tensor.defined() || tensor.is_cuda() || tensor.dim() == 0, "Expected all ",
                    "tensors to be on the same device, but found one on the CPU in ",
                    operation.operator_name(), ".");
    };
    for (const c10::IValue& value :
         torch::jit::last(stack, operation.schema().arguments().size())) {
        if (value.isTensor()) check(value.toTensor());
        if (value.isTensorList())
            for (const at::Tensor& tensor : value.toTensorVector()) check(tensor);
    }
}

void onTheCpu(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
    requireOneDevice(operation, *stack);
    at::native::cpu_fallback(operation, stack);
}

}  // namespace

namespace at {
REGISTER_CUDA_HOOKS(CUDAHooks)  // looked up by this name
}
C10_REGISTER_GUARD_IMPL(CUDA, Guard)

TORCH_LIBRARY_IMPL(_, CUDA, library) {
    library.fallback(torch::CppFunction::makeFromBoxedFunction<&onTheCpu>());
}

TORCH_LIBRARY_IMPL(aten, CUDA, library) {
    library.impl("empty.memory_format", &emptyContiguous);
    library.impl("empty_strided", &emptyStrided);
    library.impl("copy_", &copied);
    library.impl("resize_", &resized);
    library.impl("_copy_from_and_resize", &copyAndResize);
    // These only look at the same memory otherwise.
    library.impl("view",
                 static_cast<at::Tensor (*)(const at::Tensor&, at::IntArrayRef)>(&at::cpu::view));
    library.impl("as_strided", &at::cpu::as_strided);
    library.impl("_reshape_alias", &at::cpu::_reshape_alias);
    library.impl("unfold", &at::cpu::unfold);
}
