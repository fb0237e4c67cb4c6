// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/spectra/permutation_null.h"
#include "ui/session/matrix_results.h"

namespace rankscope::ui {

/// Permutation nulls of the open checkpoint's matrices.
class NullSpectra : public MatrixResults<spectra::NullSpectrum> {
    Q_OBJECT
 public:
    explicit NullSpectra(Session* session, QObject* parent = nullptr);

 protected:
    QString title(const QStringList& matrices) const override;
    QStringList words(const QStringList& matrices) const override;
    void read(const JsonReader& document) override;
    QString cannotBeRead() const override;
};

}  // namespace rankscope::ui
