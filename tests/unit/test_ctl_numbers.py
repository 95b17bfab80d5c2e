"""Numbers that options take."""

import pytest
from click.testing import CliRunner

from ctl.cli import cli


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (arguments, value)
        for arguments, more in (
            (["doctor", "--timeout"], ["1e300"]),
            (["db", "maintain", "--keep"], ["1e300", "36501"]),
            (["plot", "pump-0002", "--max-frequency"], []),
        )
        for value in ("nan", "inf", "-inf", "-1", "0", *more)
    ],
)
def test_number_that_makes_no_sense_is_refused_before_any_server_is_asked(
    arguments: list[str], value: str
) -> None:
    """Exit code 2, by the option's name: NaN is in no range."""
    result = CliRunner().invoke(cli, [*arguments, value])
    assert result.exit_code == 2
    assert f"Invalid value for '{arguments[-1]}'" in result.stderr
