// SPDX-License-Identifier: Apache-2.0
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/base/error.h"
#include "core/text/dataset/dataset_formats.h"

namespace rankscope::text {

namespace {

constexpr std::size_t archiveEntryCap = 10'000;
constexpr std::uint64_t unpackedCap = std::uint64_t{4} << 30U;
constexpr std::uint64_t ratioCap = 1000;
/// Below this a high ratio is harmless.
constexpr std::uint64_t ratioFloor = std::uint64_t{1} << 20U;
constexpr std::size_t blockBytes = std::size_t{64} << 10U;

/// An archive read from its front, opened only as 7-Zip.
class SevenZip {
 public:
    explicit SevenZip(const std::filesystem::path& file)
        : m_name(printable(file.string(), 4096)),
          m_file(openForReading(file)),
          m_size(stampOf(m_file, file).size),
          m_archive(archive_read_new(), archive_read_free) {
        if (!m_archive || archive_read_support_format_7zip(get()) != ARCHIVE_OK ||
            archive_read_open_fd(get(), m_file.get(), blockBytes) != ARCHIVE_OK)
            fail();
    }

    const std::string& name() const { return m_name; }

    /// The next entry, nullptr after the last. The sizes are those the archive states, and no more
    /// than that is ever unpacked, so caps are checked first.
    archive_entry* next() {
        archive_entry* entry = nullptr;
        const int result = archive_read_next_header(get(), &entry);
        if (result == ARCHIVE_EOF) return nullptr;
        if (result != ARCHIVE_OK) fail();
        if (++m_entries > archiveEntryCap)
            refuse(fmt::format("it holds more than {} entries", archiveEntryCap));
        const auto size =
            static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
        if (size > unpackedCap - m_unpacked)
            refuse(fmt::format("unpacked it has more than {} bytes", unpackedCap));
        m_unpacked += size;
        if (m_unpacked > ratioFloor && m_unpacked / ratioCap > m_size)
            refuse(fmt::format("unpacked it is more than {} times as large as packed", ratioCap));
        return entry;
    }

    std::size_t read(std::span<char> into) {
        const la_ssize_t count = archive_read_data(get(), into.data(), into.size());
        if (count < 0) fail();
        return static_cast<std::size_t>(count);
    }

    [[noreturn]] void refuse(std::string_view reason) const {
        throw Error(fmt::format("{} is not read: {}.", m_name, reason), m_name);
    }

    [[noreturn]] void refusePassword() const {
        refuse("it is protected by a password; unpack it and read the file in it");
    }

 private:
    archive* get() const { return m_archive.get(); }

    [[noreturn]] void fail() const {
        if (m_archive && archive_read_has_encrypted_entries(get()) > 0) refusePassword();
        const char* reason = m_archive ? archive_error_string(get()) : "no memory";
        throw Error(fmt::format("{} cannot be unpacked: {}. Is it damaged or cut off?", m_name,
                                printable(reason != nullptr ? reason : "no reason given")),
                    m_name);
    }

    std::string m_name;
    FileHandle m_file;
    std::uint64_t m_size;
    std::unique_ptr<archive, int (*)(archive*)> m_archive;
    std::size_t m_entries = 0;
    std::uint64_t m_unpacked = 0;
};

class EntryStream : public ByteStream {
 public:
    explicit EntryStream(SevenZip& archive) : m_archive(archive) {}
    std::size_t read(std::span<char> into) override { return m_archive.read(into); }

 private:
    SevenZip& m_archive;
};

/// True for a name that stays below the folder it would be unpacked into.
bool staysBelow(std::string_view path) {
    if (path.starts_with('/') || path.find('\\') != std::string_view::npos) return false;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        if (path.substr(begin, end - begin) == "..") return false;
        begin = end + 1;
    }
    return true;
}

/// Position and name of the entry that holds the split.
std::pair<std::size_t, std::string> findEntry(const std::filesystem::path& file,
                                              ExampleCollector& collector) {
    SevenZip archive(file);
    std::vector<std::string> names;
    std::vector<std::size_t> positions;
    std::string passedOver;
    std::size_t position = 0;
    for (archive_entry* entry = archive.next(); entry != nullptr;
         entry = archive.next(), ++position) {
        const char* path = archive_entry_pathname_utf8(entry);
        if (archive_entry_is_encrypted(entry) != 0) archive.refusePassword();
        if (archive_entry_filetype(entry) == AE_IFDIR) continue;
        const std::string name = path != nullptr ? path : "";
        if (archive_entry_filetype(entry) != AE_IFREG || !staysBelow(name)) {
            if (passedOver.empty()) passedOver = name;
            continue;
        }
        names.push_back(name);
        positions.push_back(position);
    }
    if (!passedOver.empty())
        collector.warn(
            fmt::format("{} holds links or names that lead out of it, such as \"{}\"; "
                        "they were skipped.",
                        archive.name(), printable(passedOver)));
    const auto chosen = filesOfSplit(names, collector.options().split, archive.name());
    if (chosen.size() > 1)
        archive.refuse("the split is in several parts; unpack it and read the folder");
    return {positions[chosen[0]], names[chosen[0]]};
}

}  // namespace

void readSevenZip(const std::filesystem::path& file, ExampleCollector& collector) {
    const auto [position, entryName] = findEntry(file, collector);
    SevenZip archive(file);
    for (std::size_t i = 0; i <= position; ++i)
        if (archive.next() == nullptr) archive.refuse("it changed while it was read");
    EntryStream stream(archive);
    ByteReader reader(stream);
    const std::string name = fmt::format("{} in {}", printable(entryName), archive.name());
    const DatasetFormat format = detectFormat(reader, name, collector.options().split);
    if (format == DatasetFormat::SevenZip || format == DatasetFormat::Parquet)
        archive.refuse(fmt::format("{} in it is a {} file; unpack it and read that",
                                   printable(entryName), formatName(format)));
    readRows(format, reader, collector);
}

}  // namespace rankscope::text
