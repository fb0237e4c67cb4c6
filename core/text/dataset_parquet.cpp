// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/text/dataset_formats.h"

namespace rankscope::text {

void readParquet(const std::filesystem::path& file, ExampleCollector& collector) {
    const std::string path = printable(file.string(), 4096);
    const std::string target =
        printable(std::filesystem::path(file).replace_extension("jsonl").string(), 4096);
    throw Error(fmt::format("{} is a Parquet file, which this build cannot read. Convert it and "
                            "read the result: python3 -c \"import pandas; "
                            "pandas.read_parquet('{}').to_json('{}', orient='records', "
                            "lines=True)\"",
                            collector.name(), path, target),
                collector.name());
}

}  // namespace rankscope::text
