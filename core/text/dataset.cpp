// SPDX-License-Identifier: Apache-2.0
#include "core/text/dataset.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/text/dataset_formats.h"

namespace rankscope::text {

namespace {

void readFile(const std::filesystem::path& file, ExampleCollector& collector, Dataset& dataset) {
    FileStream stream(file);
    ByteReader reader(stream);
    const DatasetFormat format = detectFormat(reader, collector.name(), collector.options().split);
    dataset.format = formatName(format);
    readText(format, reader, collector);
}

}  // namespace

Dataset readDataset(const std::filesystem::path& file, const DatasetOptions& options) {
    Dataset dataset;
    dataset.file = file;
    ExampleCollector collector(dataset, options);
    readFile(file, collector, dataset);
    dataset.hash = sha256OfFile(file);
    collector.finish();
    return dataset;
}

std::span<const Option> datasetOptionTable() {
    static const std::vector<Option> table{
        {"source-field",
         "Source field",
         "Field of the text to summarise; without it dialogue, article and document are tried.",
         "",
         {},
         {},
         "",
         {}},
        {"target-field",
         "Target field",
         "Field of the reference summary; without it summary, summary1 to summary3 and highlights "
         "are tried.",
         "",
         {},
         {},
         "",
         {}},
        {"split",
         "Split",
         "Part to read of an archive, a folder or a file that holds several: train, validation or "
         "test.",
         "test",
         {},
         {},
         "",
         {}},
        {"limit",
         "Limit",
         "Usable examples to read at most, from the front; 0 reads all.",
         "0",
         0,
         {},
         "examples",
         {}},
    };
    return table;
}

}  // namespace rankscope::text
