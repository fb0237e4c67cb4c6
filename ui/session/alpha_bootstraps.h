// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/spectra/power_law.h"
#include "ui/session/matrix_results.h"

namespace rankscope::ui {

/// Bootstraps of alpha of the open checkpoint's matrices.
class AlphaBootstraps : public MatrixResults<spectra::AlphaBootstrap> {
    Q_OBJECT
 public:
    static constexpr int resamples = 200;  // know a standard deviation to 5 %

    explicit AlphaBootstraps(Session* session, QObject* parent = nullptr);

 protected:
    QString title(const QStringList& matrices) const override;
    QStringList words(const QStringList& matrices) const override;
    void read(const JsonReader& document) override;
    QString cannotBeRead() const override;
};

}  // namespace rankscope::ui
