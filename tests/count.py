#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what docs/structure.md shows: lines per file and function, parameters, nesting, comments.

    count.py [FOLDER …]     one row per folder of C++ code (default: core, ui, app, tests)
    count.py --self-test

One parser for all code, ours and others': it strips comments and strings and follows braces, so
macros can mislead it by a few functions.
"""
import pathlib
import re
import sys

CONTROL = re.compile(r"\b(?:if|for|while|switch|do|else|try|catch)\b")
NOT_FUNCTIONS = re.compile(r"^(?:if|for|while|switch|catch|return|else|do|namespace|class|struct|"
                           r"enum|union|extern|using|typedef)\b")
HEADER = "| code | .cpp | .h | function | > 40 lines | > 5 parameters | nesting > 3 | comments | > 120 |"
RULE = "|---|---|---|---|---|---|---|---|---|"


def stripped(text):
    """The code with comments and the content of strings blanked, line ends kept."""
    def blank(match):
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found.startswith("/") else (
            '""' + "\n" * found.count("\n"))
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'',
                  blank, text, flags=re.S)


def parameters_of(signature):
    """Number of parameters in the last parenthesis group at depth 0 of a signature."""
    best, depth, start = None, 0, 0
    for place, char in enumerate(signature):
        if char == "(":
            if depth == 0:
                start = place
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0 and best is None:
                best = signature[start + 1:place]
    if best is None or best.strip() in ("", "void"):
        return 0
    depth, count = 0, 1
    for char in best:
        depth += char in "(<[{"
        depth -= char in ")>]}"
        count += char == "," and depth == 0
    return count


def functions(text):
    """(lines, parameters, deepest nesting of control blocks) of every function with a body."""
    code = re.sub(r"^[ \t]*#.*(?:\\\n.*)*$", "", stripped(text), flags=re.M)
    found, stack, begin, inside, deepest, round_ = [], [], 0, None, 0, 0
    for place, char in enumerate(code):
        round_ += (char == "(") - (char == ")")
        if char in "{}" or (char == ";" and round_ == 0):
            head = code[begin:place].strip()
            if char == "{":
                signature = re.sub(r"^(?:public|private|protected|signals|slots|Q_OBJECT)[^:]*:", "",
                                   head).strip()
                is_function = inside is None and "(" in signature and not NOT_FUNCTIONS.match(
                    signature) and not re.search(r"=\s*$", signature)
                if is_function and not re.search(
                        r"\)\s*(?:const|noexcept|override|final|mutable|&&?|->[^{;]*|:.*)*\s*$",
                        signature, re.S):
                    is_function = False
                control = inside is not None and bool(CONTROL.match(head) or head == "")
                stack.append("f" if is_function else "c" if control else "o")
                if is_function:
                    first = begin + (len(code[begin:place]) - len(code[begin:place].lstrip()))
                    inside, deepest = (len(stack), first, parameters_of(signature)), 0
                elif control:
                    deepest = max(deepest, stack.count("c"))
            elif char == "}" and stack:
                stack.pop()
                if inside is not None and len(stack) < inside[0]:
                    lines = code.count("\n", inside[1], place) + 1
                    found.append((lines, inside[2], deepest))
                    inside = None
            begin = place + 1
    return found


def spread(values):
    """median/90th percentile/largest."""
    if not values:
        return "–"
    values = sorted(values)
    return "/".join(str(values[min(len(values) - 1, int(share * len(values)))])
                    for share in (0.5, 0.9, 1))


def comments_of(text):
    pure = trailing = 0
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith(("//", "/*", "*")) and "SPDX" not in bare:
            pure += 1
        elif "//" in re.sub(r'"(?:\\.|[^"\\])*"', "", bare):
            trailing += 1
    return pure, trailing


def row(name, paths):
    lengths = {".cpp": [], ".h": []}
    all_functions, pure, trailing, lines, wide = [], 0, 0, 0, 0
    for path in paths:
        text = path.read_text(encoding="utf-8", errors="replace")
        count = text.count("\n")
        lengths[".h" if path.suffix in (".h", ".hpp") else ".cpp"].append(count)
        all_functions += functions(text)
        comments = comments_of(text)
        pure, trailing = pure + comments[0], trailing + comments[1]
        lines += count
        wide += sum(len(line) > 120 for line in text.splitlines())
    many = [parameters for _, parameters, _ in all_functions if parameters > 5]
    percent = [100 * part / max(lines, 1) for part in (pure, trailing)]
    return (f"| {name} | {spread(lengths['.cpp'])} | {spread(lengths['.h'])} | "
            f"{spread([length for length, _, _ in all_functions])} | "
            f"{sum(length > 40 for length, _, _ in all_functions)} | "
            f"{len(many)} ({max((p for _, p, _ in all_functions), default=0)}) | "
            f"{sum(depth > 3 for _, _, depth in all_functions)} | "
            f"{percent[0]:.1f} + {percent[1]:.1f} % | {wide} |")


def self_test():
    code = '''
namespace a {
/// Comment.
int add(int x, std::map<int, int> y, const std::function<void(int, int)>& z) {
    if (x) { for (;;) { while (x) { if (z) { return 1; } } } }
    return f("}{", '{');
}
struct S {
    S(int one, int two, int three, int four, int five, int six) : m_one(one) {}
    void nothing() const {}
    std::vector<int> list = {1, 2};
};
}
'''
    expected = [(4, 3, 4), (1, 6, 0), (1, 0, 0)]
    return 0 if functions(code) == expected else print("found", functions(code)) or 1


def main():
    if "--self-test" in sys.argv:
        return self_test()
    root = pathlib.Path(__file__).resolve().parent.parent
    folders = sys.argv[1:] or ["core", "ui", "app", "tests"]
    print(f"{HEADER}\n{RULE}")
    for folder in folders:
        place = root / folder if (root / folder).is_dir() else pathlib.Path(folder)
        paths = sorted(path for path in place.rglob("*") if path.suffix in
                       (".cpp", ".h", ".cc", ".cxx", ".hpp", ".inc", ".cu") and path.is_file())
        print(row(folder, paths))
    return 0


if __name__ == "__main__":
    sys.exit(main())
