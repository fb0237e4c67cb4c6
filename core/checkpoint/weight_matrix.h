// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/dtype.h"
#include "core/t5/t5_layout.h"

namespace rankscope::checkpoint {

using t5::parseRole;
using t5::Role;
using t5::roleName;
using t5::Stack;
using t5::stackName;
using t5::Sublayer;

/// How a matrix W [out, in] is stored in a file.
///   Dense:    `<module>.weight` [out, in]
///   Factored: `<module>.down.weight` [rank, in], `<module>.up.weight` [out, rank]; W' = up·down
///   Pivoted:  `<module>.down.weight` [rank, in], `<module>.mix.weight` [out - rank, rank],
///             `<module>.rows` I64 [out]; row rows[i] of W' is row i of [down; mix·down]
enum class Storage { Dense, Factored, Pivoted };

std::string_view storageName(Storage storage);  ///< "dense", "factored", "pivoted"
std::optional<Storage> parseStorage(std::string_view name);

/// The module that holds a weight: its tensor name without ".weight".
inline std::string moduleOf(std::string_view tensorName) {
    return std::string(
        tensorName.substr(0, tensorName.size() - std::string_view(".weight").size()));
}

/// One weight matrix of the model, in whatever form the file stores it.
struct WeightMatrix {
    /// The dense tensor name, e.g. "encoder.block.0.layer.0.SelfAttention.q.weight".
    std::string name;
    Stack stack = Stack::Encoder;
    int block = 0;  ///< -1 for the embedding and the head
    Role role = Role::Q;
    Sublayer sublayer = Sublayer::SelfAttention;
    std::int64_t rows = 0;     ///< out
    std::int64_t columns = 0;  ///< in
    DType dtype = DType::F32;
    Storage storage = Storage::Dense;
    std::int64_t rank = 0;  ///< of the stored factors; min(rows, columns) if dense

    /// The tensor name without ".weight": the module that holds the factors.
    std::string module() const { return moduleOf(name); }
    std::int64_t fullRank() const { return rows < columns ? rows : columns; }
};

/// The meaning of a tensor name; nothing for tensors that are not a matrix of a T5 (norms, tables,
/// …). Understands the dense names of docs/formats.md; the alias names of the embedding
/// (encoder.embed_tokens.weight, decoder.embed_tokens.weight) give Embedding.
std::optional<WeightMatrix> matrixOfTensorName(std::string_view tensorName);

}  // namespace rankscope::checkpoint
