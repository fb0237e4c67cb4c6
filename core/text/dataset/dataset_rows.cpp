// SPDX-License-Identifier: Apache-2.0
#include "core/text/dataset/dataset_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "core/base/error.h"
#include "core/text/dataset/dataset_stream.h"

namespace rankscope::text {

namespace {

struct KnownFields {
    std::string_view source;
    std::string_view target;
};
/// SAMSum and DialogSum, CNN/DailyMail, XSum.
constexpr std::array<KnownFields, 3> knownFields{
    {{"dialogue", "summary"}, {"article", "highlights"}, {"document", "summary"}}};
/// Names of the field that holds the id; the second is DialogSum's, the third MTS-Dialog's.
constexpr std::array<std::string_view, 3> idFields{"id", "fname", "ID"};
constexpr std::size_t fieldsShown = 20;
constexpr std::size_t namesKept = 1000;
constexpr std::size_t reasonsShown = 3;

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

template <typename Names>
std::string listOf(const Names& names) {
    std::string list;
    std::size_t shown = 0;
    for (const auto& name : names) {
        if (shown == fieldsShown) return list + fmt::format(" and {} more", names.size() - shown);
        list += fmt::format("{}\"{}\"", shown == 0 ? "" : ", ", printable(name));
        ++shown;
    }
    return list.empty() ? "none" : list;
}

const Field* find(const Row& row, std::string_view name) {
    const auto found = std::ranges::find(row.fields, name, &Field::name);
    return found == row.fields.end() ? nullptr : &*found;
}

bool isBlank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

/// Why `field` is not a usable text; empty if it is.
std::string problemOf(const Field* field, std::string_view name) {
    const std::string quoted = fmt::format("The field \"{}\"", printable(name));
    if (field == nullptr) return quoted + " is missing.";
    switch (field->kind) {
        case Field::Kind::Null:
            return quoted + " is null.";
        case Field::Kind::Integer:
        case Field::Kind::Number:
            return quoted + " is a number, not text.";
        case Field::Kind::Other:
            return quoted + " is not a text.";
        case Field::Kind::Text:
            break;
    }
    if (isBlank(field->text)) return quoted + " is empty.";
    const std::size_t invalid = firstInvalidUtf8(field->text);
    if (invalid != std::string_view::npos)
        return fmt::format("{} is not valid UTF-8 at its byte {}.", quoted, invalid + 1);
    return {};
}

}  // namespace

ExampleCollector::ExampleCollector(Dataset& dataset, const DatasetOptions& options)
    : m_dataset(dataset), m_options(options), m_name(printable(dataset.file.string(), 4096)) {
    if (options.limit < 0)
        throw usageError(fmt::format("The limit {} is negative; give 0 for all.", options.limit));
}

bool ExampleCollector::full() const {
    return m_options.limit > 0 &&
           static_cast<std::int64_t>(m_dataset.examples.size()) >= m_options.limit;
}

void ExampleCollector::beginPart(std::string_view part) { m_part = printable(part); }

void ExampleCollector::warn(std::string sentence) {
    m_dataset.warnings.push_back(std::move(sentence));
}

void ExampleCollector::addBad(std::int64_t line, std::string reason) {
    ++m_rows;
    if (!m_part.empty()) reason = fmt::format("{}: {}", m_part, reason);
    m_dataset.badRows.push_back({line, std::move(reason)});
    if (m_dataset.badRows.size() < limits::badRows) return;
    checkNamedFields();
    throw Error(fmt::format("{} has {} bad rows, the last on line {}: {} Is it a dataset?", m_name,
                            m_dataset.badRows.size(), line, m_dataset.badRows.back().reason),
                m_name);
}

std::vector<std::string> ExampleCollector::targetsFor(
    std::string_view source, const std::vector<std::string_view>& names) const {
    if (!m_options.targetField.empty()) {
        if (contains(names, m_options.targetField)) return {m_options.targetField};
        return {};
    }
    for (const KnownFields& known : knownFields)
        if (known.source == source && contains(names, known.target))
            return {std::string(known.target)};
    // DialogSum's test set has summary1, summary2 and summary3.
    std::vector<std::string> numbered;
    for (std::string name = "summary1"; contains(names, name);
         name = fmt::format("summary{}", numbered.size() + 1))
        numbered.push_back(name);
    if (!numbered.empty()) return numbered;
    for (const KnownFields& known : knownFields)
        if (known.target != source && contains(names, known.target))
            return {std::string(known.target)};
    return {};
}

std::optional<ExampleCollector::Choice> ExampleCollector::choose(
    const std::vector<std::string_view>& names) const {
    std::vector<std::string_view> sources;
    if (!m_options.sourceField.empty()) {
        sources.push_back(m_options.sourceField);
    } else {
        for (const KnownFields& known : knownFields)
            if (known.source != m_options.targetField) sources.push_back(known.source);
    }
    std::optional<Choice> withoutTarget;
    for (const std::string_view source : sources) {
        if (!contains(names, source)) continue;
        Choice choice{std::string(source), targetsFor(source, names)};
        if (!choice.targets.empty()) return choice;
        if (!m_options.needReferences && !withoutTarget) withoutTarget = std::move(choice);
    }
    return withoutTarget;
}

std::string ExampleCollector::missingFieldReason(const std::vector<std::string_view>& names) const {
    const std::string there = listOf(names);
    for (const std::string& named : {m_options.sourceField, m_options.targetField})
        if (!named.empty() && !contains(names, named))
            return fmt::format("The field \"{}\" is missing; there are: {}.", printable(named),
                               there);
    for (const KnownFields& known : knownFields)
        if (m_options.sourceField.empty() && m_options.targetField.empty() &&
            (contains(names, known.source) || contains(names, known.target)))
            return fmt::format("The field \"{}\" is missing; there are: {}.",
                               contains(names, known.source) ? known.target : known.source, there);
    return fmt::format(
        "No field for the {} is known among: {}; name it with --source-field and --target-field.",
        m_options.sourceField.empty() ? "source" : "target", there);
}

void ExampleCollector::noteNames(const std::vector<std::string_view>& names) {
    for (const std::string_view name : names)
        if (m_seenNames.size() < namesKept && m_seenNameSet.insert(std::string(name)).second)
            m_seenNames.emplace_back(name);
}

void ExampleCollector::checkNamedFields() const {
    if (m_seenNames.empty()) return;
    for (const std::string& named : {m_options.sourceField, m_options.targetField})
        if (!named.empty() && !m_seenNameSet.contains(named) && m_seenNames.size() < namesKept)
            throw usageError(fmt::format("{} has no field \"{}\"; its fields are: {}.", m_name,
                                         printable(named), listOf(m_seenNames)),
                             m_name);
}

void ExampleCollector::setColumns(const std::vector<std::string>& names) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    noteNames(views);
    checkNamedFields();
    if (!choose(views))
        throw Error(fmt::format("{} cannot be used: {}", m_name, missingFieldReason(views)),
                    m_name);
}

std::optional<std::string> ExampleCollector::readReferences(const Row& row, const Choice& choice,
                                                            Example& example) const {
    for (const std::string& target : choice.targets) {
        const Field* field = find(row, target);
        // Not every example of a set with several references has all of them.
        if (field == nullptr && !example.references.empty()) break;
        std::string problem = problemOf(field, target);
        if (problem.empty()) {
            example.references.push_back(field->text);
            continue;
        }
        if (m_options.needReferences) return problem;
        const bool absent = field == nullptr || field->kind == Field::Kind::Null ||
                            (field->kind == Field::Kind::Text && isBlank(field->text));
        if (!absent) return problem;
    }
    return std::nullopt;
}

std::optional<std::string> ExampleCollector::readId(const Row& row, Example& example) const {
    for (const std::string_view name : idFields) {
        const Field* id = find(row, name);
        if (id == nullptr || id->text.empty()) continue;
        if (firstInvalidUtf8(id->text) != std::string_view::npos) return problemOf(id, name);
        example.id = id->text;
        return std::nullopt;
    }
    example.id = std::to_string(m_rows);
    return std::nullopt;
}

void ExampleCollector::add(Row&& row) {
    std::vector<std::string_view> names;
    names.reserve(row.fields.size());
    for (const Field& field : row.fields) names.push_back(field.name);
    noteNames(names);
    if (!m_choice || m_choice->targets.empty()) {
        const std::optional<Choice> choice = choose(names);
        if (choice) m_choice = choice;
    }
    if (!m_choice) {
        addBad(row.line, missingFieldReason(names));
        return;
    }
    Example example;
    std::string problem = problemOf(find(row, m_choice->source), m_choice->source);
    if (problem.empty()) problem = readReferences(row, *m_choice, example).value_or("");
    if (problem.empty()) problem = readId(row, example).value_or("");
    if (!problem.empty()) {
        addBad(row.line, std::move(problem));
        return;
    }
    example.source = find(row, m_choice->source)->text;
    ++m_rows;
    keep(std::move(example));
}

void ExampleCollector::keep(Example&& example) {
    m_textBytes += example.id.size() + example.source.size();
    for (const std::string& reference : example.references) m_textBytes += reference.size();
    if (m_textBytes > limits::textBytes)
        throw Error(fmt::format("{} holds more than {} bytes of text; read a part of it with "
                                "--limit {}.",
                                m_name, limits::textBytes, m_dataset.examples.size()),
                    m_name);
    if (!m_ids.insert(example.id).second) ++m_dataset.duplicateIds;
    m_dataset.examples.push_back(std::move(example));
}

void ExampleCollector::finish() {
    checkNamedFields();
    if (m_choice) {
        m_dataset.sourceField = m_choice->source;
        m_dataset.targetField = fmt::format("{}", fmt::join(m_choice->targets, ", "));
    }
    if (!m_dataset.examples.empty()) return;
    if (m_dataset.badRows.empty()) throw Error(fmt::format("{} has no row.", m_name), m_name);
    std::string reasons;
    const std::size_t shown = std::min(reasonsShown, m_dataset.badRows.size());
    for (const BadRow& bad : std::span(m_dataset.badRows).first(shown))
        reasons += fmt::format(" Line {}: {}", bad.line, bad.reason);
    if (m_dataset.badRows.size() > reasonsShown)
        reasons += fmt::format(" And {} more.", m_dataset.badRows.size() - reasonsShown);
    throw Error(fmt::format("{} has no usable row.{}", m_name, reasons), m_name);
}

}  // namespace rankscope::text
