// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/text/dataset/dataset_formats.h"

#ifdef RANKSCOPE_PARQUET
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#endif

namespace rankscope::text {

#ifdef RANKSCOPE_PARQUET

namespace {

class ParquetRows {
 public:
    explicit ParquetRows(ExampleCollector& collector) : m_collector(collector) {}

    void read(const std::filesystem::path& file) {
        // Refuses anything but a regular file before Arrow opens it.
        openForReading(file);
        const auto input = checked(arrow::io::ReadableFile::Open(file.string()));
        const auto reader = checked(parquet::arrow::OpenFile(input, arrow::default_memory_pool()));
        reader->set_use_threads(false);
        reader->set_batch_size(batchRows);
        const auto batches = checked(reader->GetRecordBatchReader());
        m_collector.setColumns(batches->schema()->field_names());
        while (!m_collector.full()) {
            const auto batch = checked(batches->Next());
            if (!batch) return;
            // Arrow trusts what it decodes; texts are only looked at once they are checked.
            check(batch->ValidateFull());
            addRows(*batch);
        }
    }

 private:
    static constexpr std::int64_t batchRows = 1000;

    void check(const arrow::Status& status) const {
        if (!status.ok())
            throw Error(fmt::format("{} cannot be read as Parquet: {}.", m_collector.name(),
                                    printable(status.message())),
                        m_collector.name());
    }

    template <typename T>
    T checked(arrow::Result<T> result) const {
        check(result.status());
        return std::move(result).ValueUnsafe();
    }

    static Field fieldAt(const std::string& name, const arrow::Array& column, std::int64_t row) {
        Field field{name, Field::Kind::Other, {}};
        const arrow::Type::type type = column.type_id();
        if (column.IsNull(row)) {
            field.kind = Field::Kind::Null;
        } else if (type == arrow::Type::STRING) {
            field.kind = Field::Kind::Text;
            field.text = static_cast<const arrow::StringArray&>(column).GetView(row);
        } else if (type == arrow::Type::LARGE_STRING) {
            field.kind = Field::Kind::Text;
            field.text = static_cast<const arrow::LargeStringArray&>(column).GetView(row);
        } else if (type == arrow::Type::DICTIONARY) {
            const auto& dictionary = static_cast<const arrow::DictionaryArray&>(column);
            const std::shared_ptr<arrow::Array> entries = dictionary.dictionary();
            if (entries->type_id() != arrow::Type::DICTIONARY)
                return fieldAt(name, *entries, dictionary.GetValueIndex(row));
        } else if (arrow::is_integer(type)) {
            const auto scalar = column.GetScalar(row);
            field.kind = Field::Kind::Integer;
            if (scalar.ok()) field.text = (*scalar)->ToString();
        } else if (arrow::is_floating(type) || arrow::is_decimal(type)) {
            field.kind = Field::Kind::Number;
        }
        return field;
    }

    void addRows(const arrow::RecordBatch& batch) {
        for (std::int64_t i = 0; i < batch.num_rows() && !m_collector.full(); ++i) {
            Row row{++m_row, {}};
            for (int column = 0; column < batch.num_columns(); ++column)
                row.fields.push_back(fieldAt(batch.column_name(column), *batch.column(column), i));
            m_collector.add(std::move(row));
        }
    }

    ExampleCollector& m_collector;
    std::int64_t m_row = 0;
};

}  // namespace

void readParquet(const std::filesystem::path& file, ExampleCollector& collector) {
    try {
        ParquetRows(collector).read(file);
    } catch (const parquet::ParquetException& exception) {
        throw Error(fmt::format("{} cannot be read as Parquet: {}.", collector.name(),
                                printable(exception.what())),
                    collector.name());
    }
}

#else

void readParquet(const std::filesystem::path& file, ExampleCollector& collector) {
    const auto shown = [](const std::filesystem::path& path) {
        return printable(path.string(), 4096);
    };
    throw Error(fmt::format("{} is a Parquet file, which this build cannot read. Convert it and "
                            "read the result: python3 -c \"import pandas; "
                            "pandas.read_parquet('{}').to_json('{}', orient='records', "
                            "lines=True)\"",
                            collector.name(), shown(file),
                            shown(std::filesystem::path(file).replace_extension("jsonl"))),
                collector.name());
}

#endif

}  // namespace rankscope::text
