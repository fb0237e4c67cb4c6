// SPDX-License-Identifier: Apache-2.0
#include "core/torch/linear_algebra/lapack.h"

#include <dlfcn.h>

#include <algorithm>
#include <limits>
#include <mutex>

#include "core/base/error.h"

namespace rankscope::torch_backend {

namespace {

/// A function of a library that came with LibTorch. RTLD_DEFAULT, asked from inside this library,
/// also searches its own dependencies, though they were opened locally.
template <typename Function>
Function* find(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

// Fortran's calling convention: pointers, and the lengths of character arguments at the end.
using Dsyrk = void(const char* uplo, const char* trans, const int* n, const int* k,
                   const double* alpha, const double* a, const int* lda, const double* beta,
                   double* c, const int* ldc, std::size_t, std::size_t);
using Dgemm = void(const char* transa, const char* transb, const int* m, const int* n, const int* k,
                   const double* alpha, const double* a, const int* lda, const double* b,
                   const int* ldb, const double* beta, double* c, const int* ldc, std::size_t,
                   std::size_t);
using Dsytrd = void(const char* uplo, const int* n, double* a, const int* lda, double* d, double* e,
                    double* tau, double* work, const int* lwork, int* info, std::size_t);
using Dsterf = void(const int* n, double* d, double* e, int* info);

struct Lapack {
    Dsyrk* dsyrk = find<Dsyrk>("dsyrk_");
    Dgemm* dgemm = find<Dgemm>("dgemm_");
    Dsytrd* dsytrd = find<Dsytrd>("dsytrd_");
    Dsterf* dsterf = find<Dsterf>("dsterf_");
    bool complete() const { return dsyrk != nullptr && dsytrd != nullptr && dsterf != nullptr; }
};

const Lapack& lapack() {
    static const Lapack functions;
    return functions;
}

struct BlasThreads {
    void (*set)(int) = find<void(int)>("openblas_set_num_threads");
    int (*get)() = find<int()>("openblas_get_num_threads");
    void (*setOpenMp)(int) = find<void(int)>("omp_set_num_threads");
    int (*getOpenMp)() = find<int()>("omp_get_max_threads");
    std::mutex mutex;
    int users = 0;
    int before = 1;
};

BlasThreads& blasThreads() {
    static BlasThreads threads;
    return threads;
}

}  // namespace

std::optional<std::vector<double>> gramEigenvaluesByLapack(const MatrixView& weight) {
    const Lapack& functions = lapack();
    if (!functions.complete() || std::max(weight.rows, weight.columns) > 1'000'000)
        return std::nullopt;
    // Row-major [rows, columns] is LAPACK's [columns, rows] matrix A.
    const bool tall = weight.rows >= weight.columns;
    const int n = static_cast<int>(tall ? weight.columns : weight.rows);
    const int k = static_cast<int>(tall ? weight.rows : weight.columns);
    const int leading = static_cast<int>(weight.columns);
    const auto size = static_cast<std::size_t>(n);
    const double one = 1;
    const double zero = 0;
    std::vector<double> gram(size * size);
    functions.dsyrk("L", tall ? "N" : "T", &n, &k, &one, weight.values.data(), &leading, &zero,
                    gram.data(), &n, 1, 1);

    std::vector<double> diagonal(size);
    std::vector<double> beside(size);
    std::vector<double> tau(size);
    const int workSize = std::max(1, n * 64);
    std::vector<double> work(static_cast<std::size_t>(workSize));
    int info = 0;
    functions.dsytrd("L", &n, gram.data(), &n, diagonal.data(), beside.data(), tau.data(),
                     work.data(), &workSize, &info, 1);
    if (info == 0) functions.dsterf(&n, diagonal.data(), beside.data(), &info);
    if (info != 0) return std::nullopt;
    return diagonal;
}

bool addGramByBlas(const double* x, std::int64_t rows, std::int64_t columns, double* sum) {
    const Lapack& functions = lapack();
    if (functions.dsyrk == nullptr || functions.dgemm == nullptr ||
        std::max(rows, columns) > 1'000'000)
        return false;
    // Row-major [rows, columns] is BLAS's [columns, rows], and its lower triangle our upper one.
    const int n = static_cast<int>(columns);
    const int k = static_cast<int>(rows);
    constexpr int slab = 128;  // columns of a part; the same for any number of threads
    const OneCoreBlas alone;
#pragma omp parallel for schedule(dynamic)
    for (int from = 0; from < n; from += slab) {  // the largest part first
        const int width = std::min(slab, n - from);
        const int below = n - from - width;
        const double one = 1;
        double* const corner = sum + std::int64_t{from} * n + from;
        functions.dsyrk("L", "N", &width, &k, &one, x + from, &n, &one, corner, &n, 1, 1);
        if (below > 0) {
            functions.dgemm("N", "T", &below, &width, &k, &one, x + from + width, &n, x + from, &n,
                            &one, corner + width, &n, 1, 1);
        }
    }
    return true;
}

std::string openBlasVersion() {
    const auto config = find<char*()>("openblas_get_config");
    if (config == nullptr) return {};
    // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …": name and version are enough.
    const std::string text = config();
    const std::size_t second = text.find(' ', text.find(' ') + 1);
    return text.substr(0, second);
}

std::string openBlasCore() {
    const auto core = find<char*()>("openblas_get_corename");
    return core == nullptr ? std::string() : std::string(core());
}

OneCoreBlas::OneCoreBlas() {
    BlasThreads& threads = blasThreads();
    if (threads.set != nullptr && threads.get != nullptr) {
        const std::scoped_lock lock(threads.mutex);
        if (threads.users++ == 0) {
            threads.before = threads.get();
            threads.set(1);
        }
    }
}

OneCoreBlas::~OneCoreBlas() {
    BlasThreads& threads = blasThreads();
    if (threads.set != nullptr && threads.get != nullptr) {
        const std::scoped_lock lock(threads.mutex);
        if (--threads.users == 0) threads.set(threads.before);
    }
}

OneCorePerCall::OneCorePerCall() {
    BlasThreads& threads = blasThreads();
    if (threads.setOpenMp != nullptr && threads.getOpenMp != nullptr) {
        m_openMpThreads = threads.getOpenMp();
        threads.setOpenMp(1);  // of this thread only
    }
}

OneCorePerCall::~OneCorePerCall() {
    if (m_openMpThreads > 0) blasThreads().setOpenMp(m_openMpThreads);
}

}  // namespace rankscope::torch_backend
