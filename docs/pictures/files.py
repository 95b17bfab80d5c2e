"""Where the pictures are, and how they get small."""

import io
from pathlib import Path
from typing import Final

from PIL import Image

FOLDER: Final = Path(__file__).parent.parent / "images"
MOST_BYTES: Final = 250_000  # of one picture


def write(name: str, png: bytes) -> Path:
    """Replace docs/images/NAME.png by this picture in a palette's colours; its path. ValueError where it is too large."""
    small = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        # improved by k-means: surfaces keep their colours exactly, and small signs nearly
        palette = image.convert("RGB").quantize(256, kmeans=3, dither=Image.Dither.NONE)
    palette.save(small, "png", optimize=True)
    if small.tell() > MOST_BYTES:
        raise ValueError(f"{name}.png has {small.tell():,} bytes, and may have {MOST_BYTES:,}")
    path = FOLDER / f"{name}.png"
    path.write_bytes(small.getvalue())
    return path
