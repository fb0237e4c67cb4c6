# SPDX-License-Identifier: Apache-2.0
"""Token ids as long as the dialogues and summaries of SAMSum, which is not shipped."""
START, END = 0, 1  # <pad> starts the decoder of T5, </s> ends its inputs and outputs


def samsum_like(generator, count, vocabulary):
    """`count` sources of 154 tokens in the mean and at most 512, and targets of 28, both ending in
    </s>. generator: random.Random."""
    def tokens(mean, spread, most):
        length = int(generator.lognormvariate(0, spread) * mean / 2.718281828 ** (spread ** 2 / 2))
        length = max(4, min(most, length))
        return [generator.randrange(3, vocabulary) for _ in range(length - 1)] + [END]
    return ([tokens(159, 0.75, 512) for _ in range(count)],
            [tokens(29, 0.5, 128) for _ in range(count)])
