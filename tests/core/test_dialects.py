"""scikit-learn's sample tables come back from five dialects of text as they were, nothing chosen by hand."""

import numpy as np
import pytest

from mlp_studio.core.preview import read_preview
from mlp_studio.core.table import read_table
from tests.dialects import DIALECTS, SAMPLES


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", DIALECTS)
def test_a_sample_table_is_read_back_with_the_right_roles(tmp_path, sample, name):
    table, dialect, path = SAMPLES[sample](), DIALECTS[name], tmp_path / "table.txt"
    path.write_bytes(dialect.write(table))
    shown, data = read_preview(path), read_table(path)

    features = ["feature"] * table.data.shape[1]
    assert list(shown.roles) == (["label", *features] if dialect.label_first else [*features, "label"])
    assert shown.problem(shown.roles) == ""
    np.testing.assert_array_equal(data.X, table.data)
    names = [str(k) if dialect.numbered else str(table.target_names[k]) for k in table.target]
    assert [data.class_names[k] for k in data.y] == names
    if dialect.label:
        assert data.feature_names == tuple(str(name) for name in table.feature_names)
    else:
        assert data.feature_names == tuple(f"x{place + 1}" for place in range(table.data.shape[1]))
    assert data.account.read == data.account.used == len(table.data)
