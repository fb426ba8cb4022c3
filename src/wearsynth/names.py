"""Names in the order that people expect."""

import re


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Give a sort key that puts log_2 before log_10."""
    return [_part_key(part) for part in re.split(r"(\d+)", name) if part]


def _part_key(part: str) -> tuple[int, int, str]:
    """Give the key of digits, by their number without making it: it may have thousands of digits."""
    if not part.isdecimal():
        return 1, 0, part
    digits = part.lstrip("0")
    return 0, len(digits), f"{digits} {part}"
