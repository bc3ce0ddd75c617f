"""How SignalWire reaches us and is reached: RTP, keys and passwords."""

from __future__ import annotations

from monitor.env_addresses import ipv4, networks, payload_types, ports, space
from monitor.settings.environment import env

# Where RTP taps are received (manage.py rtptaps), and the address that SignalWire is given.
RTP_HOST = env.read("RTP_HOST", "127.0.0.1", ipv4)
RTP_PORTS = env.read("RTP_PORTS", "20000-20999", ports)
RTP_PUBLIC_IP = env.read("RTP_PUBLIC_IP", "127.0.0.1", ipv4)
# Networks from which RTP is accepted. Without any, it is accepted from everywhere.
RTP_SOURCES = env.read("RTP_SOURCES", "", networks)
# Payload types of telephone-event packets, which carry pressed keys and not audio.
RTP_EVENT_TYPES = env.read("RTP_EVENT_TYPES", "101", payload_types)

SIGNALWIRE_SIGNING_KEY = env.secret("SIGNALWIRE_SIGNING_KEY", str)
SIGNALWIRE_SIGNING_KEY_PREVIOUS = env.secret("SIGNALWIRE_SIGNING_KEY_PREVIOUS", str)
SIGNALWIRE_PROJECT_ID = env.read("SIGNALWIRE_PROJECT_ID", "", str)
# Taps are started and stopped from the pages only if these two and the project ID are set.
SIGNALWIRE_SPACE = env.read("SIGNALWIRE_SPACE", "", space)
SIGNALWIRE_API_TOKEN = env.secret("SIGNALWIRE_API_TOKEN", str)
SWML_BASIC_AUTH_USER = env.read("SWML_BASIC_AUTH_USER", "", str)
SWML_BASIC_AUTH_PASSWORD = env.secret("SWML_BASIC_AUTH_PASSWORD", str)
SIGNALWIRE_SWAIG_SECRET = env.secret("SIGNALWIRE_SWAIG_SECRET", str)
