// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/json_reader.h"
#include "core/spectra/spectrum.h"

namespace rankscope::report {

/// Frobenius error of one matrix against rank.
struct Curve {
    std::string name;
    std::vector<std::int64_t> ranks;
    std::vector<double> frobeniusError;
    std::vector<double> relativeError;
    std::vector<double> energy;
};

/// `ranks` outside 0 … size() are left out.
Curve makeCurve(const spectra::Spectrum& spectrum, std::span<const std::int64_t> ranks);

/// Elements of `spectra[]` and `curves[]` as the command line prints them.
Json toJson(const spectra::Spectrum& spectrum);
Json toJson(const Curve& curve);
/// The inverse of toJson(Spectrum) for its name, shape and singular values; throws Error.
spectra::Spectrum spectrumFromJson(const JsonReader& reader);

/// RFC 4180 tables with a title line: one row per singular value (name,index,singular_value,
/// energy,relative_error) and one per rank (name,rank,frobenius_error,relative_error,energy).
/// Numbers have 17 significant digits, whatever the locale. A cell from a file that begins with
/// = + - @ is quoted as text.
std::string spectraCsv(std::span<const spectra::Spectrum> spectra);
std::string curvesCsv(std::span<const Curve> curves);

}  // namespace rankscope::report
