"""Damage table files at random: each must give a data set or a sentence, never a traceback.

    python -m tests.fuzz_tables [--files 20000] [--seed 0] [--keep FOLDER]

Every file is looked at as the import dialog does, read with all that is guessed, read with every column as a feature,
and, on its way to a network, split and scaled. Both readers, the csv module and pandas, must agree to the last bit.
What fails is kept in a folder, with its traceback. The exit code is 1 if anything does.
"""

import argparse
import re
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import numpy as np
from numpy.random import Generator

from mlp_studio.core import table
from mlp_studio.core.config import SplitConfig
from mlp_studio.core.dataset import Dataset
from mlp_studio.core.errors import DataError
from mlp_studio.core.prepare import prepare
from mlp_studio.core.preview import read_preview
from mlp_studio.core.table import read_table
from mlp_studio.core.text_rows import JOINERS
from tests.traps import NOTED, REFUSED

Outcome: TypeAlias = Dataset | str

LARGEST_SEED = 4_000  # bytes: damage to a large file is rarely where it matters
TEXTS = (
    "X1,X2,color\n0.5,1.5,c2\n-1,2e-1,c1\n3,.5,c3\n4,5,c1\n",
    "a;b;c;label\n1,5;2;-3e2;01\n2,5;;7;1\n3;4;5;NA\n" * 3,
    '"x"\t"name"\t"label"\n1\t"a ""b"""\tyes\n2\t"c\nd"\tno\n\n3\te\tyes\n',
    "5.1|3.5|setosa\n4.9|3.0|setosa\n6.2|2.9|virginica\n",
    "height,colour,weight,kind\n"
    + "".join(f"{i}.5,{['red', 'blue', 'green'][i % 3]},{i * i},k{i % 2}\n" for i in range(25)),
    "größe;städte;label\n" + "".join(f"{i},25;Köln {i % 4};{'äö'[i % 2]}\n" for i in range(25)),
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252")
CELL = re.compile(rb"[^,;\t|\r\n\0]+")
PIECES = (
    *(
        b",",
        b";",
        b"\t",
        b"|",
        b'"',
        b'""',
        b"'",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\0",
        b"\0\0\0",
        b" ",
        b"%",
        b"$",
        b"-",
    ),
    *(b"\xff", b"\xc3", b"\x1a", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b", b"PK\x03\x04", b"PAR1"),
    *("ä\u2028\u0085".encode(), "\ud7ff\u200b\u202e".encode(), "٣".encode(), "😀".encode()),
    *(b"nan", b"inf", b"-Infinity", b"1e999", b"1e200", b"-1e101", b"1e-400", b"=1+1", b"@x", b"0x10", b"1_0", b"1,2"),
    *(b"9" * 400, b"-" + b"0" * 300 + b"1", b"1" + b"e" * 50, b"NA", b"<b>x</b>", b"true", b"?" * 30),
)


def originals() -> list[bytes]:
    """The files that are damaged: tables in several encodings, and the traps themselves; UTF-8 most often."""
    texts = [text.encode(encoding, "replace") for text in TEXTS for encoding in ENCODINGS]
    plain = [text.encode() for text in TEXTS] * 10
    traps = [trap.content for trap in (*REFUSED.values(), *NOTED.values()) if len(trap.content) <= LARGEST_SEED]
    return plain + texts + [content for content in traps if content]


def mutated(rng: Generator, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds after a few accidents."""
    data = bytearray(seeds[rng.integers(len(seeds))])
    for _ in range(rng.integers(1, 5)):
        if rng.random() < 0.6:
            change_cell(data, rng)
        else:
            damage(data, rng, seeds)
    return bytes(data)


def change_cell(data: bytearray, rng: Generator) -> None:
    """Something else stands in a cell, or before or after what did."""
    cells = list(CELL.finditer(data))
    if cells:
        first, last = cells[rng.integers(len(cells))].span()
        start, end = ((first, last), (first, first), (last, last))[rng.integers(3)]
        number = f"{rng.normal() * 10.0 ** rng.integers(-9, 9):.6g}".encode()
        data[start:end] = number if rng.random() < 0.5 else PIECES[rng.integers(len(PIECES))]


def damage(data: bytearray, rng: Generator, seeds: Sequence[bytes]) -> None:
    """One accident: a bit flips, a stretch is lost, repeated, moved or replaced, the end is missing, two files mix."""
    start, length = int(rng.integers(len(data) + 1)), int(rng.integers(1, 12))
    stretch, piece = data[start : start + length], PIECES[rng.integers(len(PIECES))]
    kind = rng.integers(9)
    if kind == 0 and start < len(data):
        data[start] ^= 1 << rng.integers(8)
    elif kind == 1:
        del data[start : start + length]
    elif kind == 2:
        data[start:start] = stretch * int(rng.integers(1, 40))
    elif kind == 3:
        data[start : start + length] = piece
    elif kind == 4 and rng.random() < 0.3:
        del data[start:]
    elif kind == 5:
        other = seeds[rng.integers(len(seeds))]
        data[start:start] = other[int(rng.integers(len(other) + 1)) :][: int(rng.integers(1, 200))]
    elif kind == 6 and data:
        place = int(rng.integers(len(data)))
        data[start : start + 1], data[place : place + 1] = data[place : place + 1], data[start : start + 1]
    elif kind == 7:
        data[start : start + length] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
    else:
        data[start:start] = piece


# What must hold


def check(path: Path) -> Outcome:
    """What becomes of one file. Raises where that is neither data nor a sentence, or the two readers disagree."""
    careful, fast = (read(path, reader) for reader in ("csv", "pandas"))
    assert same(careful, fast), f"the readers disagree: {careful} and {fast}"
    look(path)
    if isinstance(careful, Dataset):
        judge(careful)
        train_on(careful)
    else:
        judge_sentence(careful)
    return careful


def look(path: Path) -> None:
    """What the import dialog asks of a file, and the file read with every column as a feature."""
    try:
        preview = read_preview(path)
    except DataError as error:
        judge_sentence(str(error))
        return
    for missing in ("drop", "median"):
        if problem := preview.problem(preview.roles, missing):
            judge_sentence(problem)
        label = preview.names[-1]
        everything = read(path, "csv", label=label, features=preview.names[:-1], missing=missing)
        judge(everything) if isinstance(everything, Dataset) else judge_sentence(everything)


def read(path: Path, reader: str, **how: object) -> Outcome:
    with only(reader):
        try:
            return read_table(path, **how)
        except DataError as error:
            return str(error)


@contextmanager
def only(reader: str) -> Iterator[None]:
    """Have even small files read by pandas, or none."""
    before = table.LARGE_BYTES
    table.LARGE_BYTES = 0 if reader == "pandas" else 1 << 40
    try:
        yield
    finally:
        table.LARGE_BYTES = before


def same(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes agree to the last bit."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return (
        one.X.tobytes() == other.X.tobytes()
        and one.y.tobytes() == other.y.tobytes()
        and (one.feature_names, one.class_names, one.notes) == (other.feature_names, other.class_names, other.notes)
    )


def judge(data: Dataset) -> None:
    """Every row is accounted for, every class has one, every note is a sentence."""
    account = data.account
    assert account is not None
    assert account.used == data.rows
    assert account.read == account.used + sum(len(one.lines) for one in account.dropped)
    assert (data.class_counts() > 0).all()
    assert len(set(data.feature_names)) == data.features
    for note in data.notes:
        judge_sentence(note)


def train_on(data: Dataset) -> None:
    try:
        prepared = prepare(data, SplitConfig(), np.random.default_rng(0))
    except DataError as error:
        judge_sentence(str(error))
        return
    assert all(np.isfinite(part.X).all() for part in prepared.parts.values())


def judge_sentence(text: str) -> None:
    """It ends like a sentence, on one line, and is no screenful."""
    assert text.endswith((".", "?")), text
    assert all(letter.isprintable() or letter in JOINERS for letter in text), text
    assert len(text) < 1000, text


# The command


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that came to neither data nor a sentence."""

    number: int
    content: bytes
    trace: str


def run(files: int, seed: int, *, aloud: bool = False) -> tuple[Counter[str], list[Failure]]:
    """So many damaged files: how many gave data, how many which kind of sentence, and those that failed."""
    rng, seeds, failures = np.random.default_rng(seed), originals(), []
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(folder) / "data.csv"
        for number in range(files):
            path.write_bytes(content := mutated(rng, seeds))
            try:
                outcome = check(path)
            except Exception:  # noqa: BLE001 - that is what is looked for
                failures.append(Failure(number, content, traceback.format_exc()))
                continue
            outcomes["data" if isinstance(outcome, Dataset) else pattern(outcome)] += 1
            if aloud and number % 500 == 499:
                print(f"{number + 1:,} files, {len(failures)} failures", file=sys.stderr, flush=True)
    return outcomes, failures


def pattern(sentence: str) -> str:
    """A sentence without what it quotes and counts."""
    return re.sub(r"[\d,.]*\d", "#", re.sub("“[^”]*”", "“…”", sentence)).replace("fields", "field")[:60]


def main(words: Sequence[str] | None = None) -> int:
    """Damage, read, report."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz_tables", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=20_000, help="how many files")
    parser.add_argument("--seed", type=int, default=0, help="where the accidents begin")
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"), help="where failures are kept", metavar="FOLDER")
    options = parser.parse_args(words)
    start = perf_counter()
    outcomes, failures = run(options.files, options.seed, aloud=True)
    for failure in failures:
        options.keep.mkdir(parents=True, exist_ok=True)
        (options.keep / f"{failure.number}.csv").write_bytes(failure.content)
        (options.keep / f"{failure.number}.txt").write_text(failure.trace, encoding="utf-8")
    data = outcomes.pop("data", 0)
    for sentence, count in outcomes.most_common(12):
        print(f"{count:7,}  {sentence}")
    kept = f", kept in {options.keep}" if failures else ""
    print(
        f"{options.files:,} files (seed {options.seed}): {data:,} data sets, {outcomes.total():,} refusals of "
        f"{len(outcomes):,} kinds, {len(failures):,} failures{kept}; {perf_counter() - start:.0f} s"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
