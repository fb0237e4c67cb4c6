// SPDX-License-Identifier: Apache-2.0
#include "core/compress/slim_cut.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/backend/moments.h"
#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/compress/walk_dialogues.h"
#include "core/method/ridge.h"
#include "core/method/slim.h"
#include "core/model/checkpoint_weights.h"
#include "core/spectra/for_each_matrix.h"
#include "core/t5/t5_layout.h"

namespace rankscope::compress {

using checkpoint::Role;
using checkpoint::WeightMatrix;
using method::SlimSublayer;

namespace {

using Places = std::vector<std::int64_t>;

Matrix zeros(std::int64_t rows, std::int64_t columns) {
    return {std::vector<double>(static_cast<std::size_t>(rows * columns)), rows, columns};
}

/// The rows at `places` of a matrix, and rows put there among zeros.
Matrix rowsAt(const Matrix& a, const Places& places) {
    Matrix some = zeros(static_cast<std::int64_t>(places.size()), a.columns);
    for (std::size_t i = 0; i < places.size(); ++i)
        std::copy_n(a.values.begin() + places[i] * a.columns, a.columns,
                    some.values.begin() + static_cast<std::int64_t>(i) * a.columns);
    return some;
}
Matrix withRowsAt(const Matrix& some, const Places& places, std::int64_t rows) {
    Matrix all = zeros(rows, some.columns);
    for (std::size_t i = 0; i < places.size(); ++i)
        std::copy_n(some.values.begin() + static_cast<std::int64_t>(i) * some.columns, some.columns,
                    all.values.begin() + places[i] * some.columns);
    return all;
}

/// The same of columns.
Matrix columnsAt(const Matrix& a, const Places& places) {
    Matrix some = zeros(a.rows, static_cast<std::int64_t>(places.size()));
    for (std::int64_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < places.size(); ++j)
            some.values[static_cast<std::size_t>(i * some.columns) + j] =
                a.values[static_cast<std::size_t>(i * a.columns + places[j])];
    return some;
}
Matrix withColumnsAt(const Matrix& some, const Places& places, std::int64_t columns) {
    Matrix all = zeros(some.rows, columns);
    for (std::int64_t i = 0; i < some.rows; ++i)
        for (std::size_t j = 0; j < places.size(); ++j)
            all.values[static_cast<std::size_t>(i * columns + places[j])] =
                some.values[static_cast<std::size_t>(i * some.columns) + j];
    return all;
}

/// Where the first `kept` dimensions of each head are among heads of `full`.
Places firstOfEachHead(const std::vector<std::int64_t>& kept,
                       const std::vector<std::int64_t>& full) {
    Places places;
    std::int64_t begin = 0;
    for (std::size_t head = 0; head < kept.size(); ++head) {
        for (std::int64_t i = 0; i < kept[head]; ++i) places.push_back(begin + i);
        begin += full[head];
    }
    return places;
}

/// One sublayer cut on the original moments, and the places of what is left among what was there.
struct SublayerCut {
    Matrix queries, keys, values;  // fewer rows
    Matrix outputs;                // o or wo before the refit: fewer columns
    std::vector<Matrix> inner;     // wi, or wi_0 and wi_1
    Places scorePlaces, valuePlaces, unitPlaces;
};

/// One run of slimMatrices().
class Cutting {
 public:
    Cutting(const PlannedModel& model, std::span<const WeightMatrix> chosen)
        : m_model(model),
          m_algebra(model.compute.algebra()),
          m_sublayers(method::slimSublayers(model.checkpoint, chosen)) {}

    CutMatrices run(const Progress& progress) {
        const WalkDialogues dialogues(m_model.plan, *m_model.calibration);
        const model::CheckpointWeights weights(m_model.checkpoint);
        backend::Seq2SeqOptions options;
        options.device = m_model.compute.device;
        const auto walk = m_model.compute.backend.openLayerWalk(
            m_model.checkpoint.config(), weights, options, dialogues.examples(), progress);
        while (const auto group = walk->next(progress))
            for (const std::string& module : group->modules) cut(module, *group, *walk, progress);
        return std::move(m_made);
    }

 private:
    void cut(const std::string& module, const backend::WalkedGroup& group, backend::LayerWalk& walk,
             const Progress& progress) {
        const auto entry = std::ranges::find_if(
            m_model.plan.entries,
            [&](const plan::PlanEntry& e) { return e.matrix.module() == module; });
        if (entry == m_model.plan.entries.end()) return;
        const WeightMatrix& matrix = entry->matrix;
        const SlimSublayer& sublayer = sublayerOf(matrix);
        SublayerCut& made = cutOf(sublayer);
        backend::LayerWeights replacement;
        const bool out = matrix.role == Role::O || matrix.role == Role::Wo;
        const Places& places = placesOf(matrix.role, made);
        Matrix smaller =
            out ? refitted(matrix, made.outputs, places, group) : innerOf(matrix, sublayer, made);
        replacement.dense = floatTensor(out ? withColumnsAt(smaller, places, matrix.columns)
                                            : withRowsAt(smaller, places, matrix.rows));
        walk.replace(module, replacement);
        m_made.emplace(matrix.name, std::move(smaller));
        if (out) {  // the last of its sublayer, but for q and k of an attention without v and o
            made.outputs = {};
            made.values = {};
            made.inner.clear();
        }
        progress.report(
            static_cast<double>(m_made.size()) / static_cast<double>(m_model.plan.entries.size()),
            "cutting " + matrix.name);
    }

    const SlimSublayer& sublayerOf(const WeightMatrix& matrix) const {
        return *std::ranges::find(m_sublayers,
                                  t5::sublayerName(matrix.stack, matrix.block, matrix.sublayer),
                                  &SlimSublayer::name);
    }

    Matrix read(const WeightMatrix& matrix) const {
        Matrix weight = m_model.checkpoint.readMatrix(matrix);
        spectra::requireFinite(weight, matrix.name);
        return weight;
    }
    Matrix inputsOf(const WeightMatrix& matrix) const {
        return m_model.calibration->inputs(matrix.module(), false).second;
    }

    SublayerCut& cutOf(const SlimSublayer& sublayer) {
        const auto known = m_cuts.find(sublayer.name);
        if (known != m_cuts.end()) return known->second;
        const t5::SublayerSizes& kept = m_model.plan.sizes.at(sublayer.name);
        SublayerCut made;
        if (sublayer.hasScores()) cutScores(sublayer, kept.scores, made);
        if (sublayer.hasValues()) cutValues(sublayer, kept.values, made);
        if (sublayer.hasUnits()) cutUnits(sublayer, kept.units, made);
        return m_cuts.emplace(sublayer.name, std::move(made)).first->second;
    }

    void cutScores(const SlimSublayer& sublayer, const std::vector<std::int64_t>& kept,
                   SublayerCut& made) const {
        const Matrix q = read(*sublayer.q), k = read(*sublayer.k);
        const Matrix ofQ = inputsOf(*sublayer.q), ofK = inputsOf(*sublayer.k);
        const std::vector<std::int64_t>& full = sublayer.sizes.scores;
        made.scorePlaces = firstOfEachHead(kept, full);
        made.queries = made.keys = zeros(0, q.columns);
        for (std::size_t head = 0; head < kept.size(); ++head) {
            const method::HeadScores scores =
                method::headScores(method::headRows(q, full, head), method::headRows(k, full, head),
                                   ofQ, ofK, m_algebra);
            append(made.queries, scores.queries, kept[head]);
            append(made.keys, scores.keys, kept[head]);
        }
    }

    void cutValues(const SlimSublayer& sublayer, const std::vector<std::int64_t>& kept,
                   SublayerCut& made) const {
        const Matrix v = read(*sublayer.v), o = read(*sublayer.o);
        const Matrix inputs = inputsOf(*sublayer.o);
        const std::vector<std::int64_t>& full = sublayer.sizes.values;
        made.valuePlaces = firstOfEachHead(kept, full);
        made.values = zeros(0, v.columns);
        Matrix outputs = zeros(0, o.rows);  // transposed
        for (std::size_t head = 0; head < kept.size(); ++head) {
            const Matrix block =
                method::headColumns(method::headRows(inputs, full, head), full, head);
            const method::HeadValues values =
                method::headValues(method::headRows(v, full, head),
                                   method::headColumns(o, full, head), block, m_algebra);
            append(made.values, values.values, kept[head]);
            append(outputs, transposed(values.outputs), kept[head]);
        }
        made.outputs = transposed(outputs);
    }

    /// Units that stay keep the model's order; the columns of wo that stay are the best for them:
    /// Wo C[:, J] C[J, J]⁻¹.
    void cutUnits(const SlimSublayer& sublayer, std::int64_t kept, SublayerCut& made) const {
        std::vector<std::int64_t> order = orderOf(sublayer);
        order.resize(static_cast<std::size_t>(kept));
        std::ranges::sort(order);
        for (const WeightMatrix* inner : sublayer.wi)
            made.inner.push_back(rowsAt(read(*inner), order));
        const Matrix c = method::withRidge(inputsOf(*sublayer.wo), m_model.plan.settings.ridge);
        const Matrix wanted = m_algebra.multiply(read(*sublayer.wo), columnsAt(c, order));
        made.outputs = m_algebra.divide(wanted, rowsAt(columnsAt(c, order), order));
        made.unitPlaces = std::move(order);
    }

    std::vector<std::int64_t> orderOf(const SlimSublayer& sublayer) const {
        if (m_model.slimErrors) {
            const auto known = m_model.slimErrors->find(sublayer.name);
            if (known != m_model.slimErrors->end()) return known->second.unitOrder;
        }
        return method::unitOrderOf(sublayer, m_model.checkpoint, *m_model.calibration, m_algebra)
            .units;
    }

    static void append(Matrix& to, const Matrix& from, std::int64_t rows) {
        to.values.insert(to.values.end(), from.values.begin(),
                         from.values.begin() + rows * from.columns);
        to.rows += rows;
    }

    static const Places& placesOf(Role role, const SublayerCut& made) {
        if (role == Role::Q || role == Role::K) return made.scorePlaces;
        return role == Role::V || role == Role::O ? made.valuePlaces : made.unitPlaces;
    }

    static const Matrix& innerOf(const WeightMatrix& matrix, const SlimSublayer& sublayer,
                                 const SublayerCut& made) {
        if (matrix.role == Role::Q) return made.queries;
        if (matrix.role == Role::K) return made.keys;
        if (matrix.role == Role::V) return made.values;
        const auto place = std::ranges::find(sublayer.wi, matrix.name,
                                             [](const WeightMatrix* w) { return w->name; });
        return made.inner[static_cast<std::size_t>(place - sublayer.wi.begin())];
    }

    /// The least of ‖W X + (S − S') − O' Z‖² + ρ ‖O' − O₀‖²: Z are the cut inputs in the cut model,
    /// O₀ the cut matrix, ρ the ridge in means of Z Zᵀ's diagonal.
    Matrix refitted(const WeightMatrix& matrix, const Matrix& cut, const Places& places,
                    const backend::WalkedGroup& group) const {
        const Matrix shifted = rowsAt(columnsAt(group.shifted, places), places);
        const Matrix metric = method::withRidge(shifted, m_model.plan.settings.ridge);
        Matrix wanted = m_algebra.multiply(read(matrix), columnsAt(group.cross, places));
        const Matrix lost = columnsAt(group.lost, places);
        const double rho = places.empty() ? 0 : metric.values[0] - shifted.values[0];
        for (std::size_t i = 0; i < wanted.values.size(); ++i)
            wanted.values[i] += lost.values[i] + rho * cut.values[i];
        return m_algebra.divide(wanted, metric);
    }

    const PlannedModel& m_model;
    const backend::LinearAlgebra& m_algebra;
    std::vector<SlimSublayer> m_sublayers;
    std::map<std::string, SublayerCut> m_cuts;
    CutMatrices m_made;
};

}  // namespace

CutMatrices slimMatrices(const PlannedModel& model, const Progress& progress) {
    requireCalibration(model.plan, model.calibration);
    std::vector<WeightMatrix> chosen;
    for (const plan::PlanEntry& entry : model.plan.entries) chosen.push_back(entry.matrix);
    return Cutting(model, chosen).run(progress);
}

}  // namespace rankscope::compress
