// SPDX-License-Identifier: Apache-2.0
#include "core/base/json_reader.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace rankscope {

JsonReader::JsonReader(const Json& value, std::string place, std::string remedy, ErrorKind kind)
    : m_value(&value), m_place(std::move(place)), m_remedy(std::move(remedy)), m_kind(kind) {}

void JsonReader::fail(const std::string& reason) const {
    throw Error(fmt::format("{} {}. {}", m_place, reason, m_remedy), m_place, m_kind);
}

JsonReader JsonReader::at(const std::string& key) const {
    if (!m_value->is_object() || !m_value->contains(key)) fail(fmt::format("has no \"{}\"", key));
    return {(*m_value)[key], fmt::format("{}.{}", m_place, key), m_remedy, m_kind};
}

std::optional<JsonReader> JsonReader::find(const std::string& key) const {
    if (!m_value->is_object() || !m_value->contains(key) || (*m_value)[key].is_null())
        return std::nullopt;
    return at(key);
}

JsonReader JsonReader::element(std::size_t index) const {
    return {(*m_value)[index], fmt::format("{}[{}]", m_place, index), m_remedy, m_kind};
}

std::vector<JsonReader> JsonReader::elements() const {
    if (!m_value->is_array()) fail("is not an array");
    std::vector<JsonReader> readers;
    for (std::size_t i = 0; i < m_value->size(); ++i) readers.push_back(element(i));
    return readers;
}

std::vector<JsonReader> JsonReader::elements(std::size_t expected) const {
    std::vector<JsonReader> readers = elements();
    if (readers.size() != expected) fail(fmt::format("should have {} elements", expected));
    return readers;
}

double JsonReader::real() const {
    if (isNull()) return std::numeric_limits<double>::quiet_NaN();
    if (!m_value->is_number()) fail("is not a number");
    return m_value->get<double>();
}

std::int64_t JsonReader::whole() const {
    const bool fits = !m_value->is_number_unsigned() ||
                      m_value->get<std::uint64_t>() <=
                          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!m_value->is_number_integer() || !fits) fail("is not a whole number");
    return m_value->get<std::int64_t>();
}

std::uint64_t JsonReader::natural() const {
    const bool natural = m_value->is_number_unsigned() ||
                         (m_value->is_number_integer() && m_value->get<std::int64_t>() >= 0);
    if (!natural) fail("is not a whole number of 0 or more");
    return m_value->get<std::uint64_t>();
}

std::string JsonReader::text() const {
    if (!m_value->is_string()) fail("is not a text");
    return m_value->get<std::string>();
}

bool JsonReader::flag() const {
    if (!m_value->is_boolean()) fail("is not true or false");
    return m_value->get<bool>();
}

std::vector<std::string> JsonReader::texts() const {
    std::vector<std::string> values;
    for (const JsonReader& element : elements()) values.push_back(element.text());
    return values;
}

std::vector<std::int64_t> JsonReader::wholes() const {
    std::vector<std::int64_t> values;
    for (const JsonReader& element : elements()) values.push_back(element.whole());
    return values;
}

std::vector<double> JsonReader::reals() const {
    if (!m_value->is_array()) fail("is not an array");
    std::vector<double> values;
    for (std::size_t i = 0; i < m_value->size(); ++i) {  // a reader for each would be slow
        if (!(*m_value)[i].is_number()) element(i).fail("is not a number");
        values.push_back((*m_value)[i].get<double>());
    }
    return values;
}

}  // namespace rankscope
