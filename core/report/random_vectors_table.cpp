// SPDX-License-Identifier: Apache-2.0
#include "core/report/random_vectors_table.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "core/base/error.h"

namespace rankscope::report {

using evaluate::RandomVectorsResult;
using evaluate::RealInputsResult;

namespace {

using RandomColumn = Column<RandomVectorsResult>;

constexpr int randomDecimals = 4;

template <double RandomVectorsResult::*figure>
Value onRandom(const RandomVectorsResult& result) {
    return result.*figure;
}

template <std::optional<RealInputsResult> RandomVectorsResult::*inputs,
          double RealInputsResult::*figure>
Value onReal(const RandomVectorsResult& result) {
    const auto& real = result.*inputs;
    return real ? Value((*real).*figure) : Value();
}

std::vector<RandomColumn> onRandomVectors() {
    using Result = RandomVectorsResult;
    return {
        {"name", "matrix", "", "The planned matrix W, in model order",
         [](const Result& result) { return Value(result.name); }, 0,
         [](const Result& result) { return printable(result.name); }, Side::Left},
        {"rank", "rank", "", "The rank r of W′",
         [](const Result& result) { return Value(result.rank); }},
        {"vectors", "vectors", "", "How many random vectors were sent through the matrix",
         [](const Result& result) { return Value(result.vectors); }},
        {"cosine_mean", "mean cosine", "", "Mean over the vectors of the cosine of W x and W′ x",
         onRandom<&Result::cosineMean>, randomDecimals},
        {"cosine_pooled", "pooled cosine", "", "Cosine of all W x and all W′ x taken together",
         onRandom<&Result::cosinePooled>, randomDecimals},
        {"predicted_cosine", "predicted cosine", "",
         "√energy kept: the pooled cosine of isotropic random x",
         onRandom<&Result::predictedCosine>, randomDecimals},
        {"relative_error", "relative error", "", "‖Y − Y′‖ / ‖Y‖ (Frobenius) over all vectors",
         onRandom<&Result::relativeError>, randomDecimals}};
}

std::vector<RandomColumn> onRealInputs() {
    using Result = RandomVectorsResult;
    using Real = RealInputsResult;
    return {{"calibration_cosine", "cosine, calibration", "",
             "Pooled cosine on the layer's inputs of the calibration dialogues",
             onReal<&Result::onCalibration, &Real::cosinePooled>, randomDecimals},
            {"calibration_error", "error, calibration", "",
             "‖Y − Y′‖ / ‖Y‖ on the layer's inputs of the calibration dialogues",
             onReal<&Result::onCalibration, &Real::relativeError>, randomDecimals},
            {"held_out_cosine", "cosine, held out", "",
             "Pooled cosine on the layer's inputs of the held-out dialogues",
             onReal<&Result::onHeldOut, &Real::cosinePooled>, randomDecimals},
            {"held_out_error", "error, held out", "",
             "‖Y − Y′‖ / ‖Y‖ on the layer's inputs of the held-out dialogues",
             onReal<&Result::onHeldOut, &Real::relativeError>, randomDecimals}};
}

}  // namespace

std::vector<RandomColumn> randomVectorsColumns(std::span<const RandomVectorsResult> results) {
    std::vector<RandomColumn> columns = onRandomVectors();
    std::ranges::copy_if(
        onRealInputs(), std::back_inserter(columns), [&](const RandomColumn& column) {
            return std::ranges::any_of(
                results, [&](const auto& result) { return column.value(result) != Value(); });
        });
    return columns;
}

}  // namespace rankscope::report
