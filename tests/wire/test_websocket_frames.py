"""Frames are unmasked alike with and without the compiled code of websockets."""

from __future__ import annotations

import runpy
import sys

import pytest
from websockets import utils

from monitor.wire import websocket_frames

MASK = b"\x01\x80\xff\x7e"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 160, 40_001])
def test_a_mask_is_applied_alike_with_and_without_the_compiled_code(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytes((number * 31) % 256 for number in range(size))
    masked = utils.apply_mask(data, MASK)
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)  # cannot be imported
    plain = runpy.run_path(websocket_frames.__file__)["apply_mask"]
    assert plain is not websocket_frames.apply_mask
    assert plain(data, MASK) == websocket_frames.apply_mask(data, MASK) == masked
    assert plain(masked, MASK) == data
