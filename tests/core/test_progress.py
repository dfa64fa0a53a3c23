"""A long file says how far it is read, and the reading of it can be ended."""

import pytest

from mlp_studio.core.errors import CancelledError
from mlp_studio.core.table import read_table


@pytest.mark.parametrize("quote", ["", '"'], ids=["by pandas", "row by row"])
def test_a_long_file_tells_how_far_it_is_read_and_can_be_cancelled(tmp_path, quote):
    path = tmp_path / "long.csv"
    path.write_text("x,y,label\n" + "".join(f"{quote}{i}{quote},0.5,k{i % 2}\n" for i in range(400_000)))
    shares = []
    data = read_table(path, progress=shares.append)
    assert data.rows == 400_000
    assert len(shares) > 1
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1, abs=0.01)

    def cancel(share):
        shares.append(share)
        raise CancelledError("enough")

    shares.clear()
    with pytest.raises(CancelledError):
        read_table(path, progress=cancel)
    assert len(shares) == 1
