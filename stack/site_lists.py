"""Lists as code hosts read them, for a generator that wants four spaces.

CommonMark indents what belongs to an item as far as the item's own text: two spaces after "- ", three after "1. ".
Python-Markdown wants four for each level, and else takes a block of code within an item for the end of the list.
"""

import re

_ITEM = re.compile(r"(?P<before> *)(?P<marker>(?:[-*+]|\d{1,3}[.)]) +)(?=\S)")
_FENCE = re.compile(r" *(```+|~~~+)")
_INDENT = 4


def indented(text: str) -> str:
    """The text with four spaces for each level of a list."""
    lines: list[str] = []
    levels: list[int] = []  # where the text of each item begins that a line may belong to
    fence, shift = "", 0
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        if fence:
            if line.strip() == fence:
                fence = ""
        elif line.strip():
            while levels and indent < levels[-1]:
                levels.pop()
            shift = _INDENT * len(levels) - (levels[-1] if levels else 0)
            mark, item = _FENCE.match(line), _ITEM.match(line)
            if mark:
                fence = mark[1]
            elif item:
                levels.append(item.end())
        lines.append(" " * (indent + shift) + line.lstrip(" ") if line.strip() else line)
    return "\n".join(lines)
