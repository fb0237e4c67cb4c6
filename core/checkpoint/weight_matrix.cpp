// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/weight_matrix.h"

namespace rankscope::checkpoint {

std::string_view storageName(Storage storage) {
    switch (storage) {
        case Storage::Factored:
            return "factored";
        case Storage::Pivoted:
            return "pivoted";
        case Storage::Dense:
            break;
    }
    return "dense";
}

std::optional<Storage> parseStorage(std::string_view name) {
    for (const Storage storage : {Storage::Dense, Storage::Factored, Storage::Pivoted})
        if (storageName(storage) == name) return storage;
    return std::nullopt;
}

std::optional<WeightMatrix> matrixOfTensorName(std::string_view tensorName) {
    if (!tensorName.ends_with(".weight")) return std::nullopt;
    const auto place = t5::placeOfModule(moduleOf(tensorName));
    if (!place) return std::nullopt;
    WeightMatrix matrix;
    matrix.name = tensorName;
    matrix.stack = place->stack;
    matrix.block = place->block;
    matrix.sublayer = place->sublayer;
    matrix.role = place->role;
    return matrix;
}

}  // namespace rankscope::checkpoint
