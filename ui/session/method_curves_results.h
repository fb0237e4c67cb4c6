// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/method/method_curves.h"
#include "ui/session/matrix_results.h"

namespace rankscope::ui {

/// All methods on the real activations of one matrix.
struct MatrixMethodCurves {
    std::vector<method::MethodCurve> curves;
    QStringList notes;         ///< the child's warnings, e.g. which methods are left out
    std::int64_t samples = 0;  ///< dialogues of the calibration
    std::int64_t heldOut = 0;
};

/// Comparisons of the methods on the calibration in use, one matrix at a time; forgotten with the
/// calibration too. Failures are shown beside the matrix, not by the session.
class MethodCurvesResults : public MatrixResults<MatrixMethodCurves> {
    Q_OBJECT
 public:
    explicit MethodCurvesResults(Session* session, QObject* parent = nullptr);

    /// Nothing without a calibration. A job for another matrix is stopped first: ask again on
    /// changed().
    void request(const std::string& matrix);

 protected:
    QString title(const QStringList& matrices) const override;
    QStringList words(const QStringList& matrices) const override;
    void read(const JsonReader& document) override;
    QString cannotBeRead() const override;
};

}  // namespace rankscope::ui
