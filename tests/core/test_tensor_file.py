"""Files of arrays and texts: what the library writes is read back, what claims too much is refused at once."""

import json
import os

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from mlp_studio.core.tensor_file import (
    LENGTH_BYTES,
    MOST_BRACKETS,
    MOST_HEADER,
    BrokenFileError,
    TooLongError,
    pieces,
    read,
    serialised,
)

ARRAYS = {
    "floats": np.linspace(0, 1, 12).reshape(3, 4),
    "half": np.array([1.5, np.nan, np.inf], np.float32),
    "whole": np.arange(-3, 3),
    "bytes": np.frombuffer(b"\x00\xffx", np.uint8),
    "nothing": np.empty((0, 5)),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "strided": np.arange(20)[::3],
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
}


def written(tmp_path, content):
    path = tmp_path / "file.safetensors"
    path.write_bytes(content)
    return path


def with_header(header, rest=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(LENGTH_BYTES, "little") + text + rest


def entry(dtype="F64", shape=(1,), begin=0, end=8):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def test_arrays_and_texts_come_back_as_the_library_has_them(tmp_path):
    path = written(tmp_path, serialised(ARRAYS, {"key": "größe \0 🙂", "other": ""}))
    arrays, texts = read(path)
    assert texts == {"key": "größe \0 🙂", "other": ""}
    library = load_file(path)
    assert arrays.keys() == ARRAYS.keys() == library.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        np.testing.assert_array_equal(arrays[name], library[name])
        assert arrays[name].dtype == array.dtype
        assert arrays[name].flags.owndata


def test_the_file_is_the_librarys_byte_for_byte():
    texts = {"key": "größe \0 🙂\n"}
    assert serialised(ARRAYS, texts) == save(ARRAYS, texts)
    assert b"".join(pieces(ARRAYS, {})) == save(ARRAYS)


def test_the_progress_rises_to_the_end_and_may_end_the_reading(tmp_path):
    path, told = written(tmp_path, serialised(ARRAYS, {})), []
    read(path, told.append)
    assert told == sorted(told)
    assert told[-1] == 1

    def stop(_share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(path, stop)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x05",
        b"\0" * 8,
        (1 << 62).to_bytes(8, "little") + b"{}",
        (MOST_HEADER + 1).to_bytes(8, "little") + b"{}" * MOST_HEADER,
        with_header(b"{"),
        with_header(b"\xff\xfe{}"),
        with_header(b"[" * 100_000),
        with_header([]),
        with_header({"__metadata__": []}),
        with_header({"__metadata__": {"a": 1}}),
        with_header({"a": None}),
        with_header({"a": []}),
        with_header({"a": {"dtype": "F64"}}),
        with_header({"a": entry("F16", (1,), 0, 2)}, b"xx"),
        with_header({"a": entry(["F64"])}, b"x" * 8),
        with_header({"a": entry(shape=(True,))}, b"x" * 8),
        with_header({"a": entry(shape=(1.0,))}, b"x" * 8),
        with_header({"a": entry(shape=(-1, -1))}, b"x" * 8),
        with_header({"a": entry(shape=(1, 1, 1))}, b"x" * 8),
        with_header({"a": entry(shape=(2,))}, b"x" * 8),
        with_header({"a": entry()}, b"x" * 7),
        with_header({"a": entry()}, b"x" * 9),
        with_header({"a": entry(shape=(1 << 60,), end=1 << 63)}, b"x" * 8),
        with_header({"a": entry(shape=(1 << 40, 1 << 40), end=1 << 83)}, b"x" * 8),
        with_header({"a": entry(shape=(0, 1 << 50), end=0)}),
        with_header({"a": entry(begin=8, end=16)}, b"x" * 16),
        with_header({"a": entry(), "b": entry(begin=4, end=12)}, b"x" * 12),
        with_header({"a": entry(), "b": entry(begin=16, end=24)}, b"x" * 24),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, content):
    with pytest.raises(BrokenFileError):
        read(written(tmp_path, content))


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = written(tmp_path, serialised({"a": np.zeros(1000), "b": np.zeros(1000)}, {}))

    def shrink(_share):
        os.truncate(path, 9000)

    with pytest.raises(BrokenFileError, match="too early"):
        read(path, shrink)


def test_a_pipe_does_not_wait_for_ever_and_a_folder_is_none(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(BrokenFileError, match="ordinary"):
            read(path)


@pytest.mark.parametrize("text", ["x" * MOST_HEADER, "[" * (MOST_BRACKETS + 1)])
def test_more_text_than_can_be_read_again_is_not_written(tmp_path, text):
    with pytest.raises(TooLongError):
        serialised({}, {"key": text})
    path = written(tmp_path, with_header({"__metadata__": {"key": text}}))
    with pytest.raises(BrokenFileError, match=r"header|too long"):
        read(path)
    path = written(tmp_path, serialised({}, {"key": "[" * (MOST_BRACKETS - 10)}))
    assert read(path)[1] == {"key": "[" * (MOST_BRACKETS - 10)}
