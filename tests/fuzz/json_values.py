"""Mutations of JSON that leave it JSON: values of another kind, keys that go or come twice."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Mutation = Callable[[bytes, Random], bytes]
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 0.5, 1e308, 10**30, float("nan"), float("inf"), "", "x", "\x1b[31mred",
    "blah " * 5_000, [], {}, [[]], [None], {"a": 1}, "12", "1e999",
)  # fmt: skip
"""What a value becomes."""


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give (object or list, key or number) for each value inside."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _changed(content: bytes, random: Random, change: Callable[[Any, Any], None]) -> bytes:
    """Give JSON with a change at one place in it; what is no JSON stays as it is."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return content
    places = list(_places(value))
    if not places:
        return content
    change(*random.choice(places))
    return json.dumps(value, indent=2).encode()


def odd_value(content: bytes, random: Random) -> bytes:
    """Put a value of another kind or size in a value's place."""
    odd = random.choice(ODD)

    def change(inside: Any, key: Any) -> None:
        inside[key] = odd

    return _changed(content, random, change)


def drop_value(content: bytes, random: Random) -> bytes:
    """Take a key or an item out."""

    def change(inside: Any, key: Any) -> None:
        del inside[key]

    return _changed(content, random, change)


def wrap_value(content: bytes, random: Random) -> bytes:
    """Put a value into a list, or a list's items into an object."""

    def change(inside: Any, key: Any) -> None:
        inside[key] = [inside[key]] if random.random() < 0.5 else {"0": inside[key]}

    return _changed(content, random, change)


def other_key(content: bytes, random: Random) -> bytes:
    """Call a key something else."""

    def change(inside: Any, key: Any) -> None:
        if isinstance(inside, dict):
            inside[random.choice(("x", key.upper(), "", f"{key} "))] = inside.pop(key)
        else:
            inside.append(inside[key])

    return _changed(content, random, change)


def exchange_values(content: bytes, random: Random) -> bytes:
    """Put the value of one place at another."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return content
    places = list(_places(value))
    if len(places) > 1:
        (one, a), (other, b) = random.sample(places, 2)
        copy = json.loads(json.dumps(other[b]))
        one[a] = copy
    return json.dumps(value, indent=2).encode()


JSON: dict[str, Mutation] = {
    of.__name__: of for of in (odd_value, drop_value, wrap_value, other_key, exchange_values)
}
