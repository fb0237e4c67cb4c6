// SPDX-License-Identifier: Apache-2.0
#include "core/text/dataset/read_dataset.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/text/dataset/dataset_formats.h"

namespace rankscope::text {

namespace {

void readFile(const std::filesystem::path& file, ExampleCollector& collector, Dataset& dataset) {
    FileStream stream(file);
    ByteReader reader(stream);
    const std::string name = printable(file.string(), 4096);
    const DatasetFormat format = detectFormat(reader, name, collector.options().split);
    dataset.format = formatName(format);
    if (format == DatasetFormat::SevenZip)
        readSevenZip(file, collector);
    else if (format == DatasetFormat::Parquet)
        readParquet(file, collector);
    else
        readRows(format, reader, collector);
}

void readFolder(const std::filesystem::path& folder, ExampleCollector& collector,
                Dataset& dataset) {
    std::string hashes;
    for (const std::filesystem::path& file : filesOfFolder(folder, collector.options().split)) {
        collector.beginPart(file.filename().string());
        if (!collector.full()) readFile(file, collector, dataset);
        hashes += sha256OfFile(file);
    }
    const bool oneFile = hashes.size() == 64;
    dataset.hash = oneFile ? hashes : sha256Hex(std::as_bytes(std::span(hashes)));
}

}  // namespace

Dataset readDataset(const std::filesystem::path& file, const DatasetOptions& options) {
    Dataset dataset;
    dataset.file = file;
    ExampleCollector collector(dataset, options);
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) {
        readFolder(file, collector, dataset);
    } else {
        readFile(file, collector, dataset);
        dataset.hash = sha256OfFile(file);
    }
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
         "Part to read from an archive, a folder or a file that holds several: train, validation "
         "or "
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
