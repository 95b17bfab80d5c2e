"""Options of `python -m timescale maintain` that make no sense."""

import pytest
from click.testing import CliRunner

from timescale.__main__ import cli


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "x", "1e300"])
@pytest.mark.parametrize("option", ["--keep", "--keep-snapshots", "--every"])
def test_number_that_makes_no_sense_is_refused_before_the_database_is_asked(option: str, value: str) -> None:
    """Exit code 2, by the option's name: NaN is in no range."""
    result = CliRunner().invoke(cli, ["maintain", option, value])
    assert result.exit_code == 2
    assert f"Invalid value for '{option}'" in result.stderr
