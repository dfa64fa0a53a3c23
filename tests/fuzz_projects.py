"""Damage project files at random: each must give a project or a sentence, never a traceback, soon and in little memory.

    python -m tests.fuzz_projects [--files 100000] [--seed 0] [--keep FOLDER]

Three kinds of accident: to the bytes of a file; to its JSON, at any depth, with the checksum made right again, so that
what comes after it is reached; to its arrays, likewise. What opens is looked at and trained on for an epoch. A file may
take 2 s of the processor, and 200 MB of memory beside its own size. What fails is kept in a folder, with its traceback.
The exit code is 1 if anything does.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from numpy.random import Generator
from safetensors.numpy import save

from mlp_studio.core import tensor_file
from mlp_studio.core.envelope import fingerprint
from mlp_studio.core.errors import ProjectError, StudioError
from mlp_studio.core.project import KEY, Project, open_project
from mlp_studio.core.project_writing import digest
from mlp_studio.core.tensor_file import LENGTH_BYTES, MOST_HEADER
from mlp_studio.core.text_rows import JOINERS
from mlp_studio.core.trainer import Training

FOLDER = Path(__file__).parent / "projects" / "schema-1"
MOST_SECONDS, MOST_MEMORY = 2.0, 200 << 20
TRAINED_ROWS = 2_000  # a file that asks for more is looked at only
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 2**31, 2**53, 2**63, -(2**63), 10**400, 0.5, 1e308, -0.0, 1e-320),
    *("", "x", "0", "a\0b", "\ud800", "../../etc/passwd", "/dev/zero", "con", "é" * 300, "<img src=x>", "experiment"),
    *("run.curves", "float64", "float32", "torch", "numpy", "cuda", "file", "painted", "adam", "sgd", "wine"),
    *([], {}, [[]], [0], [0, 0], ["x"], {"x": 1}, [1] * 1000, ["x"] * 1000, [None], {"": {}}),
)
CLEAR, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
NUMBERS = (0, 1, -1, 2, 5, 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63))
REALS = (0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324)


@dataclass(frozen=True, slots=True)
class Original:
    """A sound file, taken apart: its bytes, its envelope and its arrays."""

    content: bytes
    envelope: dict[str, Any]
    arrays: dict[str, np.ndarray]


def originals() -> list[Original]:
    """The files of the schema."""
    found = []
    for path in sorted(FOLDER.glob("*.mlps")):
        arrays, texts = tensor_file.read(path)
        found.append(Original(path.read_bytes(), json.loads(texts[KEY]), arrays))
    return found


# Accidents


def mutated(rng: Generator, seeds: Sequence[Original]) -> bytes:
    """One of the files after an accident or some."""
    seed = seeds[rng.integers(len(seeds))]
    kind = rng.random()
    if kind < 0.0005:
        return bomb(rng, seed)
    if kind < 0.3:
        return damaged(rng, seed.content, seeds[rng.integers(len(seeds))].content)
    envelope, arrays = json.loads(json.dumps(seed.envelope)), dict(seed.arrays)
    for _ in range(rng.integers(1, 4)):
        if rng.random() < 0.7:
            document = envelope if rng.random() < 0.1 else envelope.get("document")
            if isinstance(document, dict):
                change_tree(rng, document)
        else:
            change_array(rng, arrays)
    if not isinstance(envelope, dict) or "document" not in envelope:
        return seed.content
    digests = {name: digest(array) for name, array in arrays.items()}
    if rng.random() < 0.95:
        envelope["sha256"] = fingerprint(envelope["document"], digests)
    content = tensor_file_of(arrays, json.dumps(envelope))
    if rng.random() < 0.1:
        content = with_another_claim(rng, content)
    return damaged(rng, content, seed.content) if rng.random() < 0.02 else content


def tensor_file_of(arrays: dict[str, np.ndarray], text: str) -> bytes:
    """The file, whatever is in the text; where that is too much for the program, by the library itself."""
    try:
        return tensor_file.serialised(arrays, {KEY: text})
    except tensor_file.TooLongError:
        return save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {KEY: text})


def with_another_claim(rng: Generator, content: bytes) -> bytes:
    """The file, with a header that claims something else."""
    length = int.from_bytes(content[:LENGTH_BYTES], "little")
    header = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + length])
    change_tree(rng, header)
    return with_header(json.dumps(header).encode(), content[LENGTH_BYTES + length :])


def bomb(rng: Generator, seed: Original) -> bytes:
    """As long a header as there may be, of what takes the most memory when it is read."""
    kind, item = rng.integers(3), ("[],", "{},", '"ä",', "1e9,", '[{"":[]}],')[rng.integers(5)]
    count = int(MOST_HEADER * rng.uniform(0.3, 0.95)) // len(item.encode())
    if kind == 0:
        return with_header(f"[{item * count}0]".encode(), b"")
    if kind == 1:
        empty = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
        many = {f"{k:x}": empty for k in range(MOST_HEADER // 60)}
        return with_header(json.dumps(many, separators=(",", ":")).encode(), b"")
    document = seed.envelope["document"]
    view = {"x": json.loads(f"[{item * (count * 9 // 10)}0]")}
    document = {**document, "view": view}
    digests = {name: digest(array) for name, array in seed.arrays.items()}
    envelope = {**seed.envelope, "document": document, "sha256": fingerprint(document, digests)}
    return tensor_file_of(seed.arrays, json.dumps(envelope, separators=(",", ":"), ensure_ascii=False))


def with_header(header: bytes, rest: bytes) -> bytes:
    return len(header).to_bytes(LENGTH_BYTES, "little") + header + rest


def damaged(rng: Generator, content: bytes, other: bytes) -> bytes:
    """A bit flips, a stretch is lost, repeated or replaced, the end is missing, two files mix, the length lies."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        start, length = int(rng.integers(len(data) + 1)), int(rng.integers(1, 60))
        kind = rng.integers(7)
        if kind == 0 and start < len(data):
            data[start] ^= 1 << rng.integers(8)
        elif kind == 1:
            del data[start : start + length]
        elif kind == 2:
            data[start:start] = data[start : start + length] * int(rng.integers(1, 40))
        elif kind == 3 and rng.random() < 0.3:
            del data[start:]
        elif kind == 4:
            data[start : start + length] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
        elif kind == 5:
            data[start:] = other[start:]
        else:
            size = (int(rng.integers(1 << 62)), int(rng.integers(len(data) + 9)), MOST_HEADER)[rng.integers(3)]
            data[:LENGTH_BYTES] = size.to_bytes(LENGTH_BYTES, "little")
    return bytes(data)


def change_tree(rng: Generator, tree: Any) -> None:
    """Somewhere in a JSON value something is lost, doubled, exchanged, or becomes something else."""
    places = list(containers(tree))
    place = places[rng.integers(len(places))]
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    kind = rng.integers(5)
    if not keys or kind == 0:
        add(rng, place)
        return
    key, other = keys[rng.integers(len(keys))], keys[rng.integers(len(keys))]
    if kind == 1:
        del place[key]
    elif kind == 2:
        place[key], place[other] = place[other], place[key]
    else:
        place[key] = new_value(rng, place[key])


def containers(tree: Any) -> Any:
    """All objects and lists in a JSON value."""
    if isinstance(tree, dict | list):
        yield tree
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from containers(item)


def add(rng: Generator, place: Any) -> None:
    value = deepcopy(VALUES[rng.integers(len(VALUES))])  # which the next accident may change
    if isinstance(place, list):
        place.insert(int(rng.integers(len(place) + 1)), value)
    else:
        place[f"new{rng.integers(9)}"] = value


def new_value(rng: Generator, value: Any) -> Any:
    """Another value: near to what it was, of another kind, or very deep."""
    kind = rng.random()
    if kind < 0.01:
        deep: Any = 0
        for _ in range(int(rng.integers(1, 3000))):
            deep = [deep]
        return flat_enough(deep)
    if kind < 0.4 and isinstance(value, int | float) and not isinstance(value, bool):
        return (value + 1, value - 1, value * 2, -value, value * 1000, str(value))[rng.integers(6)]
    if kind < 0.4 and isinstance(value, str):
        return (value + "x", value[1:], value.upper(), value * 3, [value])[rng.integers(5)]
    if kind < 0.4 and isinstance(value, list):
        return (value * 2, value[:-1], value[::-1], dict.fromkeys(map(str, value)))[rng.integers(4)]
    return deepcopy(VALUES[rng.integers(len(VALUES))])


def flat_enough(deep: Any) -> Any:
    """The value, where Python itself can write it."""
    try:
        json.dumps(deep)
    except RecursionError:
        return []
    return deep


def change_array(rng: Generator, arrays: dict[str, np.ndarray]) -> None:
    """An array has other numbers, another length or kind, another's name, or is gone."""
    if not arrays:
        return
    name = list(arrays)[rng.integers(len(arrays))]
    array = arrays[name].copy()
    kind = rng.integers(7)
    if kind == 0:
        arrays.pop(name)
    elif kind == 1:
        arrays[name] = arrays[list(arrays)[rng.integers(len(arrays))]]
    elif kind == 2:
        arrays[name] = np.concatenate([array, array])
    elif kind == 3:
        arrays[name] = array[:-1]
    elif kind == 4:
        arrays[name] = array.astype((np.float64, np.float32, np.int64, np.uint8)[rng.integers(4)], casting="unsafe")
    elif array.size:
        values = NUMBERS if array.dtype.kind in "iu" else REALS
        value = values[rng.integers(len(values))]
        flat = array.reshape(-1)
        at = slice(None) if kind == 5 else slice(int(rng.integers(flat.size)), None)
        flat[at] = np.asarray(value).astype(array.dtype)
        arrays[name] = array


# What must hold


@dataclass
class Worst:
    """The longest that an opening took, and the most memory beside the file's size, in bytes."""

    seconds: float = 0.0
    memory: int = 0


def check(path: Path, worst: Worst) -> Project | str:
    """What becomes of one file. Raises where that is neither a project nor a sentence, or it takes too much."""
    start, before = process_time(), memory_now()
    try:
        project = open_project(path)
    except ProjectError as error:
        judge_sentence(str(error))
        outcome: Project | str = str(error)
    else:
        outcome = project
    seconds, memory = process_time() - start, peak_memory() - before - path.stat().st_size
    worst.seconds, worst.memory = max(worst.seconds, seconds), max(worst.memory, memory)
    assert seconds <= MOST_SECONDS, f"{seconds:.1f} s"
    assert memory <= MOST_MEMORY, f"{memory >> 20} MB"
    if isinstance(outcome, Project):
        use(outcome)
    return outcome


def memory_now() -> int:
    """What this process has now, in bytes; the peak is counted anew from here on (Linux)."""
    CLEAR.write_text("5")
    return _memory("VmRSS")


def peak_memory() -> int:
    """The most that it has had since then."""
    return _memory("VmHWM")


def _memory(name: str) -> int:
    return int(re.search(rf"{name}:\s+(\d+) kB", STATUS.read_text())[1]) * 1024


def use(project: Project) -> None:
    """What opens can be looked at, and gone on with for an epoch, or a sentence says why not."""
    for run in (*project.runs, *([project.run] if project.run is not None else [])):
        trained = run.trained()
        assert len(trained.curves) == run.epoch
        assert all(page.params[-1].b.shape == (run.prepared.dataset.classes,) for page in trained.album)
        if len(run.prepared.train) > TRAINED_ROWS:
            continue
        try:
            list(Training.resumed(run.experiment, run.prepared, run.state).run(run.epoch + 1))
        except StudioError as error:
            judge_sentence(str(error))


def judge_sentence(text: str) -> None:
    """It ends like a sentence, on one line, and is no screenful."""
    assert text.endswith("."), text
    assert all(letter.isprintable() or letter in JOINERS for letter in text), text
    assert len(text) < 600, text


# The command


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that came to neither a project nor a sentence."""

    number: int
    content: bytes
    trace: str


def run(files: int, seed: int, *, aloud: bool = False) -> tuple[Counter[str], list[Failure], Worst]:
    """So many damaged files: how many opened, how many which kind of sentence, those that failed, the worst."""
    rng, seeds, failures, worst = np.random.default_rng(seed), originals(), [], Worst()
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        for table in FOLDER.glob("*.csv"):
            shutil.copy(table, folder)
        path = Path(folder) / "work.mlps"
        for number in range(files):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an accident may well be a nan that becomes a whole number
                path.write_bytes(content := mutated(rng, seeds))
            try:
                outcome = check(path, worst)
            except Exception:  # noqa: BLE001 - that is what is looked for
                failures.append(Failure(number, content, traceback.format_exc()))
                continue
            outcomes["a project" if isinstance(outcome, Project) else pattern(outcome)] += 1
            if aloud and number % 1000 == 999:
                print(f"{number + 1:,} files, {len(failures)} failures", file=sys.stderr, flush=True)
    return outcomes, failures, worst


def pattern(sentence: str) -> str:
    """A sentence without what it quotes and counts."""
    return re.sub(r"[\d,.]*\d", "#", re.sub("“[^”]*”", "“…”", sentence))[:90]


def main(words: Sequence[str] | None = None) -> int:
    """Damage, open, report."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz_projects", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=100_000, help="how many files")
    parser.add_argument("--seed", type=int, default=0, help="where the accidents begin")
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"), help="where failures are kept", metavar="FOLDER")
    options = parser.parse_args(words)
    start = perf_counter()
    outcomes, failures, worst = run(options.files, options.seed, aloud=True)
    for failure in failures:
        options.keep.mkdir(parents=True, exist_ok=True)
        (options.keep / f"{failure.number}.mlps").write_bytes(failure.content)
        (options.keep / f"{failure.number}.txt").write_text(failure.trace, encoding="utf-8", errors="backslashreplace")
    projects = outcomes.pop("a project", 0)
    for sentence, count in outcomes.most_common(15):
        print(f"{count:7,}  {sentence}")
    kept = f", kept in {options.keep}" if failures else ""
    print(
        f"{options.files:,} files (seed {options.seed}): {projects:,} projects, {outcomes.total():,} refusals of "
        f"{len(outcomes):,} kinds, {len(failures):,} failures{kept}; {perf_counter() - start:.0f} s, "
        f"at most {worst.seconds:.2f} s and {worst.memory >> 20} MB for one"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
