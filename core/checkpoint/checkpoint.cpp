// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/checkpoint/parameter_count.h"

namespace rankscope::checkpoint {

namespace {

void expectUnchanged(const FileHandle& file, const WeightFile& expected) {
    if (stampOf(file, expected.path) == expected.stamp) return;
    throw Error(fmt::format("{} was changed or replaced after it was opened; open the checkpoint "
                            "again.",
                            printable(expected.path.string(), 4096)),
                expected.path.string());
}

/// product += left [m, k] · right [k, n]; rows of `right` are taken in blocks that stay in cache.
void multiplyInto(MatrixView left, MatrixView right, std::span<double> product) {
    constexpr std::int64_t block = 64;
    const auto columns = static_cast<std::size_t>(right.columns);
    for (std::int64_t k0 = 0; k0 < left.columns; k0 += block) {
        const std::int64_t k1 = std::min(left.columns, k0 + block);
        for (std::int64_t i = 0; i < left.rows; ++i) {
            double* out = product.data() + static_cast<std::size_t>(i) * columns;
            for (std::int64_t k = k0; k < k1; ++k) {
                const double factor = left.values[static_cast<std::size_t>(i * left.columns + k)];
                const double* in = right.values.data() + static_cast<std::size_t>(k) * columns;
                for (std::size_t j = 0; j < columns; ++j) out[j] += factor * in[j];
            }
        }
    }
}

/// The row order of a pivoted matrix, checked to be a permutation.
std::vector<std::int64_t> rowOrder(std::span<const std::byte> bytes, std::string_view name) {
    std::vector<std::int64_t> order(bytes.size() / sizeof(std::int64_t));
    std::memcpy(order.data(), bytes.data(), order.size() * sizeof(std::int64_t));
    std::vector<bool> seen(order.size(), false);
    for (const std::int64_t row : order) {
        const auto at = static_cast<std::size_t>(row);
        if (row < 0 || at >= seen.size() || seen[at])
            throw Error(fmt::format("Tensor {} does not hold each row number from 0 to {} once; "
                                    "the file is damaged.",
                                    printable(name), seen.size() - 1),
                        std::string(name));
        seen[at] = true;
    }
    return order;
}

}  // namespace

const TensorEntry* Checkpoint::findTensor(std::string_view name) const {
    const auto found = std::ranges::lower_bound(m_tensors, name, {}, &TensorEntry::name);
    return found != m_tensors.end() && found->name == name ? &*found : nullptr;
}

const WeightMatrix* Checkpoint::findMatrix(std::string_view name) const {
    const auto found = std::ranges::find(m_matrices, name, &WeightMatrix::name);
    return found != m_matrices.end() ? &*found : nullptr;
}

std::int64_t Checkpoint::parameterCount() const {
    std::int64_t count = 0;
    for (const TensorEntry& tensor : m_tensors)
        if (isWeightDType(tensor.dtype)) count += elementCount(tensor.shape).value_or(0);
    return count;
}

std::int64_t Checkpoint::denseParameterCount() const {
    std::int64_t count = parameterCount();
    for (const WeightMatrix& matrix : m_matrices)
        count += matrix.rows * matrix.columns -
                 storedParameters(matrix.rows, matrix.columns, matrix.rank, matrix.storage);
    return count;
}

std::uint64_t Checkpoint::byteCount() const {
    std::uint64_t bytes = 0;
    for (const WeightFile& file : m_files) bytes += file.stamp.size;
    return bytes;
}

bool Checkpoint::tiedHead() const { return m_config.tiedHead; }

std::vector<std::byte> Checkpoint::readBytes(const TensorEntry& tensor) const {
    const WeightFile& source = m_files.at(tensor.file);
    const FileHandle file = openForReading(source.path);
    expectUnchanged(file, source);
    std::vector<std::byte> bytes(tensor.bytes);
    readExactly(file, bytes, tensor.offset, source.path);
    expectUnchanged(file, source);
    return bytes;
}

Matrix Checkpoint::readTensor(const TensorEntry& tensor) const {
    if (tensor.shape.empty() || tensor.shape.size() > 2)
        throw Error(fmt::format("Tensor {} of shape {} is not a vector or matrix.",
                                printable(tensor.name), toString(tensor.shape)),
                    tensor.name);
    if (!isWeightDType(tensor.dtype))
        throw Error(fmt::format("Tensor {} has type {}, which is not supported as a weight; F16, "
                                "BF16, F32 and F64 are.",
                                printable(tensor.name), dtypeName(tensor.dtype)),
                    tensor.name);
    Matrix matrix;
    matrix.rows = tensor.shape.size() == 2 ? tensor.shape[0] : 1;
    matrix.columns = tensor.shape.back();
    matrix.values = toFloat64(tensor.dtype, readBytes(tensor));
    return matrix;
}

Matrix Checkpoint::readMatrix(const WeightMatrix& matrix) const {
    const auto tensor = [&](std::string_view suffix) -> const TensorEntry& {
        const std::string name = fmt::format("{}{}", matrix.module(), suffix);
        const TensorEntry* found = findTensor(name);
        if (found == nullptr)
            throw Error(fmt::format("{} has no tensor {}.", printable(m_label), printable(name)),
                        name);
        return *found;
    };
    if (matrix.storage == Storage::Dense) return readTensor(tensor(".weight"));
    const Matrix down = readTensor(tensor(".down.weight"));  // [rank, in]
    Matrix product{{}, matrix.rows, matrix.columns};
    product.values.resize(static_cast<std::size_t>(matrix.rows * matrix.columns), 0.0);
    if (matrix.storage == Storage::Factored) {
        multiplyInto(readTensor(tensor(".up.weight")), down, product.values);  // [out, rank]
        return product;
    }
    const Matrix mix = readTensor(tensor(".mix.weight"));  // [out - rank, rank]
    const TensorEntry& rows = tensor(".rows");             // [out]
    std::vector<double> stacked = down.values;             // [out, in] in the order of `rows`
    stacked.resize(product.values.size(), 0.0);
    multiplyInto(mix, down, std::span(stacked).subspan(down.values.size()));
    const std::vector<std::int64_t> order = rowOrder(readBytes(rows), rows.name);
    const auto width = static_cast<std::size_t>(matrix.columns);
    for (std::size_t i = 0; i < order.size(); ++i)
        std::copy_n(stacked.begin() + static_cast<std::ptrdiff_t>(i * width), width,
                    product.values.begin() +
                        static_cast<std::ptrdiff_t>(static_cast<std::size_t>(order[i]) * width));
    return product;
}

std::string Checkpoint::fingerprint() const {
    std::string text;
    for (const WeightFile& file : m_files)
        text += fmt::format("{}\n{}\n{}\n{}\n", file.path.filename().string(), file.stamp.size,
                            file.stamp.modifiedNanoseconds, file.headerHash);
    return sha256Hex(std::as_bytes(std::span(text)));
}

std::string Checkpoint::contentHash(const Progress& progress) const {
    constexpr std::uint64_t blockBytes = std::uint64_t{4} << 20U;
    std::vector<std::byte> block(blockBytes);
    const auto total = static_cast<double>(std::max<std::uint64_t>(byteCount(), 1));
    std::uint64_t done = 0;
    Sha256 hash;
    for (const WeightFile& source : m_files) {
        const FileHandle file = openForReading(source.path);
        expectUnchanged(file, source);
        for (std::uint64_t at = 0; at < source.stamp.size; at += blockBytes) {
            throwIfStopped(progress);
            const auto part = std::span(block).first(std::min(blockBytes, source.stamp.size - at));
            readExactly(file, part, at, source.path);
            hash.add(part);
            done += part.size();
            progress.report(static_cast<double>(done) / total, "Hashing the weights");
        }
        expectUnchanged(file, source);
    }
    return hash.hex();
}

std::vector<std::filesystem::path> foldersOf(const Checkpoint& checkpoint) {
    namespace fs = std::filesystem;
    std::vector<fs::path> folders{fs::canonical(checkpoint.folder())};
    for (const WeightFile& file : checkpoint.files()) {
        const fs::path folder = fs::canonical(file.path).parent_path();
        if (folder != folders.back()) folders.push_back(folder);
    }
    return folders;
}

}  // namespace rankscope::checkpoint
