"""What an attacker may send: any bytes, any JSON, and good examples that were spoiled.

CI tries a bounded number of examples, always the same ones. The profile "deep" tries DEEPER times
as many, other ones each time: ``script/test --deep``.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

DEEPER = 50


def register_profile() -> None:
    """Make the profile known to pytest's option --hypothesis-profile."""
    own = 100  # examples that Hypothesis tries in a search which sets no number
    options: dict[str, Any] = {"deadline": None, "derandomize": False, "print_blob": True}
    settings.register_profile("deep", max_examples=own * DEEPER, **options)


def examples(count: int, **options: Any) -> settings:
    """Return the settings of a search: so many examples in CI, DEEPER times as many in "deep"."""
    deep = settings.get_current_profile_name() == "deep"
    return settings(
        max_examples=count * DEEPER if deep else count,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        **options,
    )


TEXTS = st.text(max_size=20) | st.sampled_from(
    ["", "\x00", "\ud800", "\u202e", "é" * 300, "' OR 1=1 --", "<script>", "../" * 9, "[" * 900]
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([2**63, -(2**63), 10**400, 1e308, -0.0])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


def text_of(value: Any) -> str:
    """Return the JSON of a value. NaN and Infinity, which are no JSON, are left in it."""
    return json.dumps(value)


@st.composite
def spoiled(draw: st.DrawFn, good: Any) -> Any:
    """Return a good JSON value of which some parts were replaced, removed, or added."""
    bad = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        place = bad
        while isinstance(place, dict) and place:
            name = draw(st.sampled_from(sorted(place)))
            if isinstance(place[name], dict) and place[name] and draw(st.booleans()):
                place = place[name]
                continue
            _spoil(draw, place, name)
            break
    return bad


def _spoil(draw: st.DrawFn, place: dict[str, Any], name: str) -> None:
    way = draw(st.sampled_from(["replace", "remove", "add", "nest"]))
    if way == "replace":
        place[name] = draw(JSON)
    elif way == "remove":
        del place[name]
    elif way == "add":
        place[draw(TEXTS)] = draw(JSON)
    else:
        place[name] = draw(st.sampled_from([[place[name]], {name: place[name]}]))


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """Return a good message of which some bytes were changed, lost, repeated, or added."""
    bad = good
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(bad)))
        end = draw(st.integers(begin, min(len(bad), begin + 8)))
        new = draw(st.just(bad[begin:end] * 2) | st.binary(max_size=4))
        bad = bad[:begin] + new + bad[end:]
    return bad


def messages(*good: Any) -> st.SearchStrategy[bytes]:
    """Return a strategy of what may come where these JSON values should."""
    ways: list[st.SearchStrategy[bytes]] = [
        st.binary(max_size=200),
        JSON.map(text_of).map(str.encode),
    ]
    for one in good:
        ways.append(spoiled(one).map(text_of).map(str.encode))
        ways.append(damaged(text_of(one).encode()))
    return st.one_of(ways)
