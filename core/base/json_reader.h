// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"

namespace rankscope {

/// Reads a document of ours back, every value with its type checked. An Error's sentence is the
/// value's place, the reason and the remedy: "plan.json: entries[3].rank is not a whole number.
/// Make the plan again with `plan --out`."
class JsonReader {
 public:
    /// `place` begins every message; `value` must outlive the reader.
    JsonReader(const Json& value, std::string place, std::string remedy,
               ErrorKind kind = ErrorKind::Failed);

    /// A member; its place is that of this value and ".key". Throws Error if it is missing.
    JsonReader at(const std::string& key) const;
    /// A member that may be missing or null.
    std::optional<JsonReader> find(const std::string& key) const;
    /// All elements of an array.
    std::vector<JsonReader> elements() const;
    std::vector<JsonReader> elements(std::size_t expected) const;

    bool isNull() const { return m_value->is_null(); }
    const Json& json() const { return *m_value; }

    double real() const;  ///< null: NaN, as documents write it
    std::int64_t whole() const;
    std::uint64_t natural() const;  ///< a whole number of 0 or more
    std::string text() const;
    bool flag() const;
    std::vector<std::string> texts() const;
    std::vector<std::int64_t> wholes() const;
    std::vector<double> reals() const;  ///< none of them null

    [[noreturn]] void fail(const std::string& reason) const;

 private:
    JsonReader element(std::size_t index) const;

    const Json* m_value;
    std::string m_place;
    std::string m_remedy;
    ErrorKind m_kind;
};

}  // namespace rankscope
