// SPDX-License-Identifier: Apache-2.0
// Values of dense and compressed matrices; folders of ours with factors in them.
#include <fmt/format.h>

#include <cstring>

#include "core/base/error.h"
#include "core/checkpoint/parameter_count.h"
#include "tests/core/checkpoint/bad_input.h"

namespace rankscope::checkpoint {
namespace {

using fixtures::writeFile;

const std::string q = "encoder.block.0.layer.0.SelfAttention.q";  // [24, 32]

std::string floats(const std::vector<double>& values) {
    const auto bytes = fromFloat64(DType::F32, values);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Small whole numbers, whose products are exact.
std::vector<double> numbers(std::size_t count, int seed) {
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i)
        values[i] = static_cast<double>((i * 7 + static_cast<std::size_t>(seed)) % 11) - 5;
    return values;
}

class Compressed : public BadInput {
 public:
    /// The tiny model whose q of the first block is stored as these tensors.
    void replaceQ(const std::vector<RawTensor>& factors) {
        auto tensors = tinyRawTensors();
        std::erase_if(tensors, [](const RawTensor& t) { return t.name == q + ".weight"; });
        tensors.insert(tensors.end(), factors.begin(), factors.end());
        writeFile(weights(), fileOf(tensors));
        changeConfig([](Json& json) { json["model_type"] = "rankscope_t5"; });
    }
};

TEST_F(Compressed, DenseMatrixHasItsStoredValues) {
    const Checkpoint checkpoint = openCheckpoint(model().string());
    for (const auto& tensor : fixtures::tinyTensors({})) {
        const TensorEntry* entry = checkpoint.findTensor(tensor.name);
        ASSERT_NE(entry, nullptr) << tensor.name;
        const Matrix read = checkpoint.readTensor(*entry);
        EXPECT_EQ(read.values, tensor.values) << tensor.name;
        EXPECT_EQ(read.rows, tensor.shape.size() == 1 ? 1 : tensor.shape[0]);
        EXPECT_EQ(read.columns, tensor.shape.back());
        if (const WeightMatrix* matrix = checkpoint.findMatrix(tensor.name)) {
            EXPECT_EQ(checkpoint.readMatrix(*matrix).values, tensor.values);
            EXPECT_EQ((Shape{matrix->rows, matrix->columns}), tensor.shape);
        }
    }
}

TEST_F(Compressed, FactorsAreMultipliedOut) {
    const auto down = numbers(5 * 32, 1);  // [5, 32]
    const auto up = numbers(24 * 5, 2);    // [24, 5]
    replaceQ({{q + ".down.weight", "F32", "[5,32]", floats(down)},
              {q + ".up.weight", "F32", "[24,5]", floats(up)}});
    const Checkpoint checkpoint = expectOpens({});
    const WeightMatrix& matrix = *checkpoint.findMatrix(q + ".weight");
    EXPECT_EQ(matrix.storage, Storage::Factored);
    EXPECT_EQ(matrix.rank, 5);
    EXPECT_EQ(matrix.rows, 24);
    EXPECT_EQ(matrix.columns, 32);
    const Matrix product = checkpoint.readMatrix(matrix);
    for (std::size_t i = 0; i < 24; ++i)
        for (std::size_t j = 0; j < 32; ++j) {
            double sum = 0;
            for (std::size_t k = 0; k < 5; ++k) sum += up[i * 5 + k] * down[k * 32 + j];
            EXPECT_EQ(product.values[i * 32 + j], sum) << i << "," << j;
        }
    const std::int64_t dense = checkpoint.denseParameterCount();
    EXPECT_EQ(checkpoint.parameterCount(), dense - 24 * 32 + 5 * (24 + 32));
    EXPECT_EQ(checkpoint.findTensor(q + ".weight"), nullptr);
}

std::vector<RawTensor> pivoted(const std::vector<std::int64_t>& rows) {
    std::string order(rows.size() * 8, '\0');
    std::memcpy(order.data(), rows.data(), order.size());
    return {{q + ".down.weight", "F32", "[3,32]", floats(numbers(3 * 32, 4))},
            {q + ".mix.weight", "F32", "[21,3]", floats(numbers(21 * 3, 6))},
            {q + ".rows", "I64", fmt::format("[{}]", rows.size()), order}};
}

/// 5, 12, 19, 2, … : each of 0 to 23 once.
std::vector<std::int64_t> someOrder() {
    std::vector<std::int64_t> rows(24);
    for (std::size_t i = 0; i < 24; ++i) rows[i] = static_cast<std::int64_t>((5 + 7 * i) % 24);
    return rows;
}

TEST_F(Compressed, PivotedRowsGoToTheirPlaces) {
    const auto rows = someOrder();
    const auto down = numbers(3 * 32, 4);
    const auto mix = numbers(21 * 3, 6);
    replaceQ(pivoted(rows));
    const Checkpoint checkpoint = expectOpens({});
    const WeightMatrix& matrix = *checkpoint.findMatrix(q + ".weight");
    EXPECT_EQ(matrix.storage, Storage::Pivoted);
    EXPECT_EQ(matrix.rank, 3);
    const Matrix product = checkpoint.readMatrix(matrix);
    for (std::size_t i = 0; i < 24; ++i)
        for (std::size_t j = 0; j < 32; ++j) {
            double expected = i < 3 ? down[i * 32 + j] : 0;
            if (i >= 3)
                for (std::size_t k = 0; k < 3; ++k)
                    expected += mix[(i - 3) * 3 + k] * down[k * 32 + j];
            EXPECT_EQ(product.values[static_cast<std::size_t>(rows[i]) * 32 + j], expected);
        }
    EXPECT_EQ(checkpoint.denseParameterCount() - checkpoint.parameterCount(),
              24 * 32 - 3 * (24 + 32 - 3));
}

TEST_F(Compressed, RowOrderThatIsNoPermutationIsRefused) {
    for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{24}, std::int64_t{12}}) {
        auto rows = someOrder();
        rows[0] = wrong;  // then 12 is there twice
        replaceQ(pivoted(rows));
        const Checkpoint checkpoint = openCheckpoint(model().string());
        EXPECT_THROW(checkpoint.readMatrix(*checkpoint.findMatrix(q + ".weight")), Error);
    }
}

TEST_F(Compressed, FactorsOfWrongShapeAreRefused) {
    const RawTensor down{q + ".down.weight", "F32", "[5,32]", floats(numbers(160, 1))};
    const RawTensor up{q + ".up.weight", "F32", "[24,5]", floats(numbers(120, 1))};
    replaceQ({down});
    expectRefused(model().string(), {"1 tensors are missing", q + ".up.weight"});
    replaceQ({up});
    expectRefused(model().string(), {"1 tensors are missing", q + ".weight"});
    replaceQ({down, {up.name, "F32", "[5,24]", up.data}});
    expectRefused(model().string(), {up.name, "[5, 24]", "[24, 5]"});
    replaceQ({{down.name, "F32", "[32,5]", down.data}, up});
    expectRefused(model().string(), {down.name, "[32, 5]", "rank"});
    replaceQ({{down.name, "F32", "[0,32]", ""}, {up.name, "F32", "[24,0]", ""}});
    expectRefused(model().string(), {down.name, "[0, 32]"});
    replaceQ({down, up, {q + ".weight", "F32", "[24,32]", floats(numbers(768, 1))}});
    expectRefused(model().string(), {q + ".weight", "both dense and as factors"});
    auto rows = pivoted(someOrder());
    rows[2] = {q + ".rows", "F64", "[24]", rows[2].data};
    replaceQ(rows);
    expectRefused(model().string(), {q + ".rows", "F64", "I64"});
}

}  // namespace
}  // namespace rankscope::checkpoint
