"""The documentation's pictures are those that its own commands draw."""

import io
import re

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from docs.pictures import files
from docs.pictures.plots import PLOTS

_CLOSE = 48  # of 255: a colour of the palette, and another version's edges of letters
_SHARE = 0.001  # of the pixels may be further away


def pixels(png: bytes) -> npt.NDArray[np.int16]:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int16)


def far(one: npt.NDArray[np.int16], other: npt.NDArray[np.int16]) -> float:
    """The share of pixels that differ."""
    assert one.shape == other.shape
    return float((np.abs(one - other).max(axis=2) > _CLOSE).mean())


@pytest.mark.parametrize("name", PLOTS)
def test_plot_is_what_its_command_draws(name: str) -> None:
    """`make pictures` would change nothing: whatever the plotting module has learnt is in the documentation."""
    committed = pixels((files.FOLDER / f"{name}.png").read_bytes())
    assert far(pixels(PLOTS[name]()), committed) < _SHARE


def test_plots_of_different_machines_are_told_apart() -> None:
    """The comparison above is not blind: other data, drawn alike, is another picture."""
    one, other = (
        pixels((files.FOLDER / f"{name}.png").read_bytes()) for name in ("plot", "vibration_orders")
    )
    assert far(one, other) > 4 * _SHARE


def test_every_picture_of_the_documentation_is_there_and_used() -> None:
    """Each that a page shows is in the folder, small enough, and none lies there unused."""
    root = files.FOLDER.parent.parent
    pages = [root / "README.md", *(root / "docs").glob("*.md")]
    shown = {name for page in pages for name in re.findall(r"images/([a-z_-]+\.png)", page.read_text())}
    assert shown == {path.name for path in files.FOLDER.glob("*.png")}
    assert max(path.stat().st_size for path in files.FOLDER.glob("*.png")) <= files.MOST_BYTES


def test_picture_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who clones the repository would carry it for ever."""
    monkeypatch.setattr(files, "MOST_BYTES", 9_000)
    noise = np.random.default_rng(1).integers(0, 255, (100, 100, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "png")
    with pytest.raises(ValueError, match=r"large\.png has [0-9,]+ bytes, and may have 9,000"):
        files.write("large", file.getvalue())
    assert not (files.FOLDER / "large.png").exists()
