"""Lists as code hosts read them, for a generator that wants four spaces.

CommonMark indents what belongs to an item as far as the item's own text: two spaces after "- ", three after "1. ".
Python-Markdown wants four for each level, and else takes a block of code within an item for the end of the list. It wants
an empty line before a list, and after an item of several paragraphs, and else takes what follows for text.
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
    paragraphs = False  # the item has an empty line in it
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        if fence:
            if line.strip() == fence:
                fence = ""
        elif line.strip():
            inside = bool(levels)
            while levels and indent < levels[-1]:
                levels.pop()
            shift = _INDENT * len(levels) - (levels[-1] if levels else 0)
            mark, item = _FENCE.match(line), _ITEM.match(line)
            if mark:
                fence = mark[1]
            elif item and indent - (levels[-1] if levels else 0) < _INDENT:  # else it is indented code
                begins = not inside and item["marker"].strip() in ("-", "*", "+", "1.", "1)")
                if (paragraphs or begins) and lines and lines[-1].strip():
                    lines.append("")
                levels.append(item.end())
            paragraphs = bool(levels) and paragraphs and not item
        elif levels:
            paragraphs = True
        lines.append(" " * (indent + shift) + line.lstrip(" ") if line.strip() else line)
    return "\n".join(lines)
