"""What the simulated platform reads in an agent's SWML."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.sim.swml import CallFailed, ai_of, checked_verbs, hook_of

TAP: dict[str, Any] = {"uri": "wss://example.com/tap/1", "control_id": "one"}


def document(*verbs: Any) -> dict[str, Any]:
    return {"version": "1.0.0", "sections": {"main": list(verbs)}}


def answer(*verbs: Any) -> dict[str, Any]:
    """Return what a tool answers that has SWML run."""
    return {"response": "Done.", "action": [{"say": "Hello."}, {"SWML": document(*verbs)}]}


def test_the_parameters_of_the_agent_are_found() -> None:
    assert ai_of(document("answer", {"answer": {}}, {"ai": {"params": {}}})) == {"params": {}}


def test_swml_without_an_agent_has_none() -> None:
    assert ai_of(document({"hangup": {}})) == {}


def test_a_tool_has_the_url_of_its_own_or_that_of_all() -> None:
    functions = [{"function": "one"}, {"function": "two", "web_hook_url": "https://two"}]
    swaig = {"defaults": {"web_hook_url": "https://all"}, "functions": functions}
    swml = document({"ai": {"SWAIG": swaig}})
    assert hook_of(swml, "one") == "https://all"
    assert hook_of(swml, "two") == "https://two"


def test_a_tool_that_the_agent_lacks_is_named() -> None:
    with pytest.raises(CallFailed, match="no tool three"):
        hook_of(document({"ai": {}}), "three")


def test_the_parameters_of_all_verbs_of_a_name_are_returned() -> None:
    other = {**TAP, "control_id": "two"}
    assert checked_verbs(answer({"tap": TAP}, {"tap": other}), "tap") == [TAP, other]


def test_an_answer_without_the_verb_is_told_with_what_it_said() -> None:
    with pytest.raises(CallFailed, match=r"no tap verb but 'Done\.'"):
        checked_verbs(answer({"hangup": {}}), "tap")


def test_a_verb_that_the_sdks_schema_rejects_is_named() -> None:
    with pytest.raises(CallFailed, match="SWML of tap is not valid"):
        checked_verbs(answer({"tap": {"uri": 7}}), "tap")
