from itertools import combinations

import numpy as np

from mlp_studio.core.randomness import Stream, generator


def test_equal_seeds_give_equal_streams():
    for stream in Stream:
        np.testing.assert_array_equal(generator(1234, stream).random(100), generator(1234, stream).random(100))


def test_different_seeds_give_different_streams():
    assert (generator(0, Stream.DATA).random(100) != generator(1, Stream.DATA).random(100)).all()


def test_no_two_streams_of_a_seed_are_alike():
    drawn = {stream: generator(1234, stream).random(1000) for stream in Stream}
    for one, other in combinations(Stream, 2):
        assert abs(np.corrcoef(drawn[one], drawn[other])[0, 1]) < 0.15


def test_a_stream_does_not_hear_what_the_others_draw():
    before = generator(5, Stream.ORDER).random(10)
    generator(5, Stream.DATA).random(1000)
    np.random.default_rng(5).random(10)
    np.testing.assert_array_equal(generator(5, Stream.ORDER).random(10), before)


def test_the_numbers_in_saved_experiments_keep_their_meaning():
    values = {"DATA": 0, "SPLIT": 1, "INITIALIZATION": 2, "ORDER": 3, "DROPOUT": 4, "IMPORTANCE": 5, "PAINT": 6}
    assert {stream.name: stream.value for stream in Stream} == values
    # SeedSequence(1234, spawn_key=(0,)), whose first numbers NumPy promises to keep
    first = np.random.default_rng(np.random.SeedSequence(1234).spawn(1)[0]).integers(0, 2**32, 3)
    np.testing.assert_array_equal(generator(1234, Stream.DATA).integers(0, 2**32, 3), first)
