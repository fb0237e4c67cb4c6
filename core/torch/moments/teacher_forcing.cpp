// SPDX-License-Identifier: Apache-2.0
#include "core/torch/moments/teacher_forcing.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"

namespace rankscope::torch_backend {

using backend::TokenIds;

void checkIds(std::span<const TokenIds> rows, const char* what, std::int64_t vocabulary) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].empty()) throw Error(fmt::format("{} {} of the batch has no tokens.", what, i));
        for (const std::int32_t id : rows[i])
            if (id < 0 || id >= vocabulary)
                throw Error(
                    fmt::format("{} {} of the batch has the id {}, but the model's "
                                "embedding has rows 0 to {} only; its tokenizer belongs "
                                "to another model.",
                                what, i, id, vocabulary - 1));
    }
}

void checkPairs(std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                std::int64_t vocabulary) {
    if (sources.size() != targets.size())
        throw Error(fmt::format("{} sources cannot be scored with {} targets.", sources.size(),
                                targets.size()));
    checkIds(sources, "Source", vocabulary);
    checkIds(targets, "Target", vocabulary);
}

std::vector<TokenIds> teacherForced(std::span<const TokenIds> targets, std::int64_t startToken) {
    std::vector<TokenIds> inputs(targets.begin(), targets.end());
    for (TokenIds& ids : inputs) {
        std::shift_right(ids.begin(), ids.end(), 1);
        ids.front() = static_cast<std::int32_t>(startToken);
    }
    return inputs;
}

}  // namespace rankscope::torch_backend
