"""The monitoring skill: what the platform is told to do, and what callers hear."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from signalwire import AgentBase

from agents import answering, monitoring, parameters
from monitor.audio.g711 import CODECS
from monitor.models import Call, Direction, Notice, RtpLease, Tap, TapEvent, Transport
from monitor.services import tap_urls, taps
from tests.support.agents import raw_data, use, verb_of

# Tools close old connections, which would end a transaction around the test.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (parameters.Direction, Direction.values),
        (parameters.Codec, CODECS),
        (parameters.Transport, Transport.values),
        (parameters.Notice, ["", *Notice.values]),
    ],
)
def test_the_skill_offers_what_a_tap_may_have(offered: Any, taken: Sequence[str]) -> None:
    assert get_args(offered) == tuple(taken)


def broken(*args: object, **kwargs: object) -> None:
    raise RuntimeError("the secret of +12025550123")


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
@pytest.mark.parametrize("direction", ["both", "speak", "listen"])
def test_start_answers_a_valid_tap_of_every_direction_and_codec(direction: str, codec: str) -> None:
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.add_skill("monitoring", {"codec": codec})
    verb = verb_of(use(agent, "start_monitoring", raw_data(), direction=direction), "tap")
    tap = Tap.objects.get()
    assert verb["uri"] == tap_urls.media_uri(tap)
    assert verb["status_url"] == tap_urls.status_url(tap)
    assert verb["control_id"] == tap.control_id
    assert verb["direction"] == tap.direction == direction
    assert verb.get("codec", "PCMU") == tap.codec == codec


@pytest.mark.parametrize("ptime", [10, 20, 120])
def test_start_answers_a_valid_rtp_tap_where_the_skill_says_so(ptime: int) -> None:
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.add_skill("monitoring", {"transport": "rtp", "rtp_ptime": ptime})
    verb = verb_of(use(agent, "start_monitoring", raw_data()), "tap")
    tap = Tap.objects.get()
    assert verb["uri"] == tap_urls.media_uri(tap) == f"rtp://{tap.rtp_lease}"
    assert verb.get("rtp_ptime", 20) == ptime


def test_rtp_can_be_asked_of_any_agent(agent: AgentBase) -> None:
    verb = verb_of(use(agent, "start_monitoring", raw_data(), transport="rtp"), "tap")
    assert verb["uri"].startswith("rtp://127.0.0.1:")


def test_an_unknown_transport_is_answered_with_what_is_allowed(agent: AgentBase) -> None:
    answer = use(agent, "start_monitoring", raw_data(), transport="sip")
    assert answer["response"] == monitoring.NO_TRANSPORT
    assert not Tap.objects.exists()


def test_direction_is_said_even_if_nobody_asked_for_one(agent: AgentBase) -> None:
    assert verb_of(use(agent, "start_monitoring", raw_data()), "tap")["direction"] == "both"


def test_direction_comes_from_the_skill_where_the_ai_says_none() -> None:
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.add_skill("monitoring", {"direction": "hear"})
    assert verb_of(use(agent, "start_monitoring", raw_data()), "tap")["direction"] == "listen"


def test_hear_is_understood_as_listen(agent: AgentBase) -> None:
    verb = verb_of(use(agent, "start_monitoring", raw_data(), direction="hear"), "tap")
    assert verb["direction"] == "listen"
    assert Tap.objects.get().direction == "listen"


def test_unknown_direction_opens_nothing_and_is_answered(agent: AgentBase) -> None:
    answer = use(agent, "start_monitoring", raw_data(), direction="up")
    assert answer == {"response": monitoring.NO_DIRECTION}
    assert not Tap.objects.exists()


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"caller_id_num": None, "caller_id_name": None}
        | {"caller_id_number": "+12025550123", "caller_id": "Ada Ash"},
        {"caller_id_num": None, "caller_id_name": None}
        | {"global_data": {"caller_id_number": "+12025550123", "caller_id_name": "Ada Ash"}},
    ],
    ids=["voice", "bedrock", "global data"],
)
def test_start_keeps_who_calls_and_why(agent: AgentBase, known: dict[str, Any]) -> None:
    use(agent, "start_monitoring", raw_data(**known), reason="asked for a supervisor")
    call = Call.objects.get()
    assert (call.call_id, call.project_id, call.agent) == ("call-1", "project-1", "any agent")
    assert (call.caller, call.caller_name) == ("+12025550123", "Ada Ash")
    assert Tap.objects.get().reason == "asked for a supervisor"


def test_caller_may_be_unknown(agent: AgentBase) -> None:
    body = {"call_id": "call-1", "global_data": None, "caller_id_num": 7}
    verb_of(use(agent, "start_monitoring", body), "tap")
    assert Call.objects.get().caller == ""


def test_agent_name_can_be_given() -> None:
    agent = AgentBase(name="any agent", route="/agents/any")
    agent.add_skill("monitoring", {"agent_name": "Sales"})
    use(agent, "start_monitoring", raw_data())
    assert Call.objects.get().agent == "Sales"


def test_asked_twice_starts_one_tap(agent: AgentBase) -> None:
    use(agent, "start_monitoring", raw_data())
    assert use(agent, "start_monitoring", raw_data()) == {"response": monitoring.ALREADY}
    assert Tap.objects.count() == 1


def test_monitoring_starts_again_though_the_end_of_the_last_is_not_told_yet(
    agent: AgentBase,
) -> None:
    first = verb_of(use(agent, "start_monitoring", raw_data()), "tap")
    verb_of(use(agent, "stop_monitoring", raw_data()), "stop_tap")
    again = verb_of(use(agent, "start_monitoring", raw_data()), "tap")
    assert again["control_id"] != first["control_id"]


def test_another_direction_is_another_tap(agent: AgentBase) -> None:
    names = {
        verb_of(use(agent, "start_monitoring", raw_data(), direction=one), "tap")["control_id"]
        for one in ("speak", "listen")
    }
    assert len(names) == 2


def test_chat_has_no_audio(agent: AgentBase) -> None:
    answer = use(agent, "start_monitoring", raw_data(conversation_type="chat"))
    assert answer == {"response": monitoring.NO_AUDIO}
    assert not Tap.objects.exists()


@pytest.mark.parametrize("call_id", [None, "", 7])
def test_without_a_call_there_is_nothing_to_monitor(agent: AgentBase, call_id: object) -> None:
    body = raw_data(call_id=call_id)
    assert use(agent, "start_monitoring", body) == {"response": monitoring.NO_CALL}
    assert use(agent, "stop_monitoring", body) == {"response": monitoring.NOT_MONITORED}


def test_no_raw_data_at_all_is_answered(agent: AgentBase) -> None:
    answer = agent.on_function_call("start_monitoring", {}, None).to_dict()
    assert answer == {"response": monitoring.NO_CALL}


@pytest.mark.parametrize(
    ("tool", "verb"),
    [
        ("start_monitoring", "open_tap"),
        ("ask_for_help", "ask_for_help"),
        ("stop_monitoring", "stop_taps"),
    ],
)
def test_an_error_is_logged_and_answered_and_its_text_kept(
    agent: AgentBase,
    tool: str,
    verb: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(taps, verb, broken)
    assert use(agent, tool, raw_data()) == {"response": answering.SORRY}
    (record,) = [record for record in caplog.records if record.name == "agents.answering"]
    assert (record.levelno, record.getMessage()) == (logging.ERROR, f"{tool} failed")
    assert record.exc_info


def test_a_call_id_that_cannot_be_kept_is_answered(agent: AgentBase) -> None:
    body = raw_data(call_id="x" * 256)
    assert use(agent, "start_monitoring", body) == {"response": answering.SORRY}


def test_numbers_and_names_are_not_logged(
    agent: AgentBase, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    use(agent, "start_monitoring", raw_data())
    said = [record.getMessage() for record in caplog.records if "django.db" not in record.name]
    assert not [text for text in said if "5550123" in text or "Ada" in text]


def test_stop_names_the_tap(agent: AgentBase) -> None:
    started = verb_of(use(agent, "start_monitoring", raw_data()), "tap")
    stopped = verb_of(use(agent, "stop_monitoring", raw_data()), "stop_tap")
    assert stopped == {"control_id": started["control_id"]}
    assert TapEvent.objects.filter(reason="asked to stop").count() == 1


def test_stop_stops_every_tap_of_the_call(agent: AgentBase) -> None:
    started = [
        verb_of(use(agent, "start_monitoring", raw_data(), direction=one), "tap")
        for one in ("speak", "listen")
    ]
    answer = use(agent, "stop_monitoring", raw_data())
    assert answer["response"] == monitoring.STOPPED
    stopped = [verb_of({"action": [one]}, "stop_tap") for one in answer["action"]]
    assert stopped == [{"control_id": one["control_id"]} for one in started]


def test_stop_passes_over_an_id_that_the_model_made_up(agent: AgentBase) -> None:
    started = verb_of(use(agent, "start_monitoring", raw_data()), "tap")
    answer = use(agent, "stop_monitoring", raw_data(), control_id="monitoring-1")
    assert verb_of(answer, "stop_tap") == {"control_id": started["control_id"]}


def test_an_objection_that_is_repeated_is_passed_on_again_and_noted_once(agent: AgentBase) -> None:
    started = verb_of(use(agent, "start_monitoring", raw_data()), "tap")
    for _ in range(2):
        answer = use(agent, "stop_monitoring", raw_data())
        assert verb_of(answer, "stop_tap") == {"control_id": started["control_id"]}
    assert TapEvent.objects.filter(reason="asked to stop").count() == 1


def test_stop_without_a_tap_does_nothing(agent: AgentBase) -> None:
    answer = use(agent, "stop_monitoring", raw_data())
    assert answer == {"response": monitoring.NOT_MONITORED}


def test_the_taps_of_an_agent_carry_how_its_parties_are_told() -> None:
    told = AgentBase(name="any agent", route="/agents/any")
    told.add_skill("monitoring", {"notice": "tone", "parties": "apart"})
    use(told, "start_monitoring", raw_data())
    assert set(Tap.objects.values_list("notice", flat=True)) == {"tone"}


def test_stop_leaves_other_calls_alone(agent: AgentBase) -> None:
    use(agent, "start_monitoring", raw_data())
    answer = use(agent, "stop_monitoring", raw_data(call_id="call-2"))
    assert answer == {"response": monitoring.NOT_MONITORED}


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"direction": "up"}, "direction 'up' is not one of both, speak, listen"),
        ({"codec": "OPUS"}, "codec 'OPUS' is not one of PCMU, PCMA"),
        ({"notice": "loud"}, "notice 'loud' is not one of"),
        ({"codec": ["PCMU"]}, "is not one of PCMU, PCMA"),
        ({"transport": "sip"}, "transport 'sip' is not one of ws, rtp"),
        ({"rtp_ptime": 25}, "rtp_ptime 25 is not one of 10, 20, … 120"),
    ],
)
def test_bad_parameters_fail_when_the_skill_is_added(
    parameters: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match="monitoring: ") as error:
        AgentBase(name="any", route="/agents/any").add_skill("monitoring", parameters)
    assert sentence in str(error.value)


def test_parameters_are_described() -> None:
    schema = monitoring.MonitoringSkill.get_parameter_schema()
    assert {"direction", "codec", "agent_name", "skip_prompt"} <= schema.keys()


def test_skill_explains_itself_in_the_prompt_unless_told_not_to() -> None:
    silent = AgentBase(name="any", route="/agents/any")
    silent.add_skill("monitoring", {"skip_prompt": True})
    assert "Monitoring" not in str(silent.get_prompt())
    told = AgentBase(name="any", route="/agents/any")
    told.add_skill("monitoring")
    assert "Monitoring" in str(told.get_prompt())


def told(control_id: str, addr: object, port: object) -> dict[str, Any]:
    """The body of a tool call after a tap verb, where SignalWire posts its variables."""
    known = {"tap_rtp_src_addr": addr, "tap_rtp_src_port": port}
    return raw_data(SWMLVars={"tap_control_id": control_id, "tap_result": "success", **known})


@pytest.mark.parametrize("port", [40000, "40000"])
@pytest.mark.parametrize("tool", ["start_monitoring", "stop_monitoring"])
def test_a_later_tool_call_says_where_rtp_comes_from(
    agent: AgentBase, tool: str, port: object
) -> None:
    verb = verb_of(use(agent, "start_monitoring", raw_data(), transport="rtp"), "tap")
    use(agent, tool, told(verb["control_id"], "203.0.113.9", port))
    lease = RtpLease.objects.get()
    assert (lease.source_addr, lease.source_port) == ("203.0.113.9", 40000)


@pytest.mark.parametrize(
    ("addr", "port"),
    [
        ("here", 40000),
        ("::1", 40000),
        ("203.0.113.9", 0),
        ("203.0.113.9", 65536),
        ("203.0.113.9", None),
        ("203.0.113.9", "x"),
        (["203.0.113.9"], 1),
        (7.5, True),
    ],
)
def test_a_sender_that_cannot_be_is_ignored_with_a_line(
    agent: AgentBase, addr: object, port: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    verb = verb_of(use(agent, "start_monitoring", raw_data(), transport="rtp"), "tap")
    answer = use(agent, "start_monitoring", told(verb["control_id"], addr, port))
    assert answer == {"response": monitoring.ALREADY}
    assert RtpLease.objects.get().source_addr is None
    [record] = [record for record in caplog.records if record.name == "monitor.services.rtp_ports"]
    assert record.getMessage().startswith("SignalWire named an impossible RTP source: ")


def test_a_sender_of_another_calls_tap_is_not_believed(agent: AgentBase) -> None:
    verb = verb_of(use(agent, "start_monitoring", raw_data(), transport="rtp"), "tap")
    body = told(verb["control_id"], "203.0.113.9", 40000) | {"call_id": "call-2"}
    use(agent, "stop_monitoring", body)
    assert RtpLease.objects.get().source_addr is None


@pytest.mark.parametrize("said", [None, "x", [], {}, {"tap_control_id": 7}])
def test_variables_of_any_shape_cost_nothing(agent: AgentBase, said: object) -> None:
    verb_of(use(agent, "start_monitoring", raw_data(SWMLVars=said)), "tap")


def test_a_sender_that_cannot_be_kept_does_not_cost_the_tool(
    agent: AgentBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taps, "set_rtp_source", broken)
    verb_of(use(agent, "start_monitoring", told("tap-1", "203.0.113.9", 40000)), "tap")


def test_without_a_free_port_it_is_said_in_one_line(
    agent: AgentBase, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.RTP_PORTS = range(20000, 20001, 2)
    verb_of(use(agent, "start_monitoring", raw_data(call_id="call-0"), transport="rtp"), "tap")
    answer = use(agent, "start_monitoring", raw_data(), transport="rtp")
    assert answer == {"response": answering.SORRY}
    assert Tap.objects.count() == 1
    [record] = [record for record in caplog.records if record.name == "agents.tap_opener"]
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    says = "monitoring was not started, direction both: all 1 ports of RTP_PORTS are in use"
    assert record.getMessage() == says
