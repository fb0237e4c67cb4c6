#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/core/text/datasets: the same 12 dialogues in every format, and damaged archives.

Run by hand after a change here; the tests read only the files. Python 3.11 with
py7zr==1.1.4 pyarrow==26.0.1 pandas==3.1.1 datasets==5.2.0
The dialogues were written for this file.
"""
import csv
import json
import pathlib
import shutil
import tempfile

import datasets
import pandas
import py7zr
import pyarrow
import pyarrow.parquet

OUT = pathlib.Path(__file__).resolve().parent / "datasets"

ROWS = [
    ("0001", "Ada: Is the kiln free?\r\nBo: From four on.\r\nAda: Then I come at four.",
     "Ada will use the kiln at four."),
    ("0002", "Cem: The ferry is late.\nDot: How late?\nCem: An hour.", "Cem's ferry is an hour late."),
    ("0003", "Eli: Mixed ends\r\nFay: in one\nEli: dialogue, yes.", "Eli and Fay mix line ends."),
    ("00040", "Gus: He said \"never, ever\".\r\nHal: \"\"Never\"\"?", "Hal doubts Gus's quote."),
    ("5", "Ivy: Grüße aus Zürich! 😀\r\nJon: Schön, café?", "Ivy writes from Zürich; Jon proposes a café."),
    ("006", "Kai: tabs\there\r\nLea: and a back\\slash", "Kai uses tabs, Lea a backslash."),
    ("7-a", "Max: one, two, three", "Max counts, with commas."),
    ("8", "Ned:\r\n\r\nOla: You sent nothing.", "Ned sent nothing to Ola."),
    ("9", "  Pia: spaces around  ", " Pia likes spaces. "),
    ("10", "Quinn: {\"json\": [1, 2]}\r\nRio: Please no.", "Rio does not want Quinn's JSON."),
    ("11", "Sam: It ends with a line end.\r\n", "Sam's text ends with a line end."),
    ("12", "Tia: 日本語も\u200b大丈夫？\nUma: はい。", "Tia asks about Japanese.\nUma agrees."),
]
RECORDS = [{"id": i, "summary": s, "dialogue": d} for i, d, s in ROWS]


def write_text():
    (OUT / "twelve.json").write_bytes(json.dumps(RECORDS, indent=1).encode())
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS)
    (OUT / "twelve.jsonl").write_bytes(lines.encode())
    (OUT / "twelve.splits.json").write_bytes(json.dumps({"train": RECORDS[:1], "test": RECORDS}).encode())
    for name, end in (("twelve_lf.csv", "\n"), ("twelve_crlf.csv", "\r\n")):
        with open(OUT / name, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator=end)
            writer.writerow(["id", "dialogue", "summary"])
            writer.writerows(ROWS)


def write_archives():
    def archive(name, entries, password=None):
        with py7zr.SevenZipFile(OUT / name, "w", password=password) as file:
            for path, data in entries:
                file.writestr(data, path)

    test = json.dumps(RECORDS, indent=1)
    first = json.dumps(RECORDS[:1])
    last = json.dumps(RECORDS[11:])
    archive("twelve.7z", [("licence.txt", "ours"), ("train.json", first), ("val.json", last),
                          ("test.json", test)])
    archive("password.7z", [("test.json", test)], "kiln")
    archive("bomb.7z", [("test.json", b" " * (8 << 20))])
    archive("nested.7z", [("test.json", (OUT / "twelve.7z").read_bytes())])
    archive("two.7z", [("a/test.json", first), ("b/test.json", last)])
    whole = (OUT / "twelve.7z").read_bytes()
    (OUT / "truncated.7z").write_bytes(whole[: len(whole) // 2])
    damaged = bytearray(whole)
    damaged[-20] ^= 0x55
    (OUT / "damaged_header.7z").write_bytes(damaged)
    damaged = bytearray(whole)
    damaged[200] ^= 0x55
    (OUT / "damaged_data.7z").write_bytes(damaged)
    # py7zr refuses to write such a name; another of the same length is put in its place, in an
    # archive whose header is not packed, and the checksums are made to fit.
    write_parent_name(first)
    write_link_and_many()


def write_parent_name(text):
    import struct
    import zlib
    path = OUT / "parent_name.7z"
    with py7zr.SevenZipFile(path, "w", header_encryption=False) as file:
        file.set_encoded_header_mode(False)
        file.writestr(text, "xx/test.json")
    data = bytearray(path.read_bytes())
    old, new = "xx/test.json".encode("utf-16-le"), "../test.json".encode("utf-16-le")
    assert data.count(old) == 1
    data = data.replace(old, new)
    offset, size = struct.unpack_from("<QQ", data, 12)
    struct.pack_into("<I", data, 28, zlib.crc32(data[32 + offset : 32 + offset + size]))
    struct.pack_into("<I", data, 8, zlib.crc32(data[12:32]))
    path.write_bytes(data)


def write_link_and_many():
    with tempfile.TemporaryDirectory() as folder:
        link = pathlib.Path(folder) / "test.json"
        link.symlink_to("/etc/hostname")
        with py7zr.SevenZipFile(OUT / "link.7z", "w") as file:
            file.write(link, "test.json")
    with py7zr.SevenZipFile(OUT / "many.7z", "w") as file:
        for number in range(10001):
            file.writestr(b"", f"{number}")


def write_arrow():
    table = pyarrow.table({name: [r[name] for r in RECORDS] for name in ("id", "dialogue", "summary")})

    def stream(name, value, options=None, **batches):
        with pyarrow.OSFile(str(OUT / name), "wb") as sink:
            with pyarrow.ipc.new_stream(sink, value.schema, options=options) as writer:
                writer.write_table(value, **batches)

    stream("twelve.arrow", table, max_chunksize=5)
    with pyarrow.OSFile(str(OUT / "twelve_file.arrow"), "wb") as sink:
        with pyarrow.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    large = table.cast(pyarrow.schema([(n, pyarrow.large_string()) for n in table.column_names]))
    stream("twelve_large.arrow", large)
    stream("compressed.arrow", table, pyarrow.ipc.IpcWriteOptions(compression="zstd"))
    # Columns of other types, nested ones too, before, between and after, and a dictionary.
    mixed = pyarrow.table({
        "flag": pyarrow.array([True, None] * 6),
        "turns": pyarrow.array([[{"who": "a", "n": 1}], None] * 6),
        "id": pyarrow.array(range(12), pyarrow.int32()),
        "nothing": pyarrow.nulls(12),
        "dialogue": table["dialogue"],
        "choice": pyarrow.UnionArray.from_sparse(
            pyarrow.array([0] * 12, pyarrow.int8()), [pyarrow.array(range(12))]),
        "when": pyarrow.array([0] * 12, pyarrow.timestamp("s")),
        "view": pyarrow.array(["a text longer than twelve bytes"] * 12, pyarrow.string_view()),
        "fixed": pyarrow.array([[1, 2]] * 12, pyarrow.list_(pyarrow.int8(), 2)),
        "summary": pyarrow.chunked_array([table["summary"].combine_chunks().dictionary_encode()]),
    })
    stream("mixed.arrow", mixed)
    gaps = pyarrow.table({"id": ["a", None, "c", "d"], "dialogue": ["A: x", "B: y", None, ""],
                          "summary": ["x", "y", "z", "w"]})
    stream("gaps.arrow", gaps)
    for name, value in (("saved", datasets.Dataset.from_list(RECORDS)),
                        ("saved_dict", datasets.DatasetDict({
                            "train": datasets.Dataset.from_list(RECORDS[:1]),
                            "test": datasets.Dataset.from_list(RECORDS)}))):
        shutil.rmtree(OUT / name, ignore_errors=True)
        value.save_to_disk(str(OUT / name), **({"num_shards": 2} if name == "saved" else {}))


def write_parquet():
    pandas.DataFrame(RECORDS).to_parquet(OUT / "twelve.parquet")
    wrong = pyarrow.table({"dialogue": [1, 2], "summary": ["a", "b"]})
    pyarrow.parquet.write_table(wrong, OUT / "wrong_type.parquet")


OUT.mkdir(exist_ok=True)
write_text()
write_archives()
write_arrow()
write_parquet()
for found in sorted(OUT.rglob("*")):
    print(found.stat().st_size, found.relative_to(OUT))
