"""Parses the body of SignalWire's status webhook of a tap."""

from __future__ import annotations

import hashlib

from monitor.adapters.carriers.signalwire.json_body import (
    BadReport,
    moment,
    parse_object,
    shown,
    text_of,
)
from monitor.wire.status_report import StatusReport

EVENT_TYPE = "calling.call.tap"


def parse(body: bytes) -> StatusReport:
    """Return what a body reports. Its payload has all fields, known or not. Raises BadReport."""
    payload = parse_object(body)
    if payload.get("event_type") != EVENT_TYPE:
        raise BadReport(f"event_type {shown(payload.get('event_type'))} is not {EVENT_TYPE!r}")
    params = payload.get("params")
    if not isinstance(params, dict):
        raise BadReport(f"params {shown(params)} is not an object")
    if not isinstance(params.get("state"), str):
        raise BadReport(f"params.state {shown(params.get('state'))} is not a string")
    return StatusReport(
        state=params["state"],
        control_id=text_of(params.get("control_id")),
        call_id=text_of(params.get("call_id")),
        at=moment(payload.get("timestamp")),
        payload=payload,
        digest=hashlib.sha256(body).hexdigest(),
    )
