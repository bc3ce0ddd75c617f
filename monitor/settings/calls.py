"""What is carried and noticed of calls: their audio, their words, and when one needs attention."""

from __future__ import annotations

from monitor.env import flag, whole, whole_or_never
from monitor.env_addresses import redis_url
from monitor.settings.environment import env
from monitor.wire import private_patterns
from monitor.wire.human_phrases import ASKS_FOR_A_HUMAN
from monitor.wire.phrases import parse_phrases

REDIS_URL = env.secret("REDIS_URL", redis_url)
CHUNK_MS = env.read("CHUNK_MS", "60", whole(20, 500))
RING_SECONDS = env.read("RING_SECONDS", "30", whole(5, 600))
# Seconds without audio after which a tap's media is closed.
SILENT_FOR = env.read("SILENT_FOR", "600", whole(5, 86_400))

# Seconds after which a pause ends that nobody has ended. Without an end, a call could stay unheard
# because somebody forgot it.
PAUSE_MAX_SECONDS = env.read("PAUSE_MAX_SECONDS", "300", whole(10, 3600))

# What is taken out of what is said in calls, beside card numbers.
REDACT_PATTERNS = env.read("REDACT_PATTERNS", "", private_patterns.parse)

# Whether voices are looked for in the audio of calls, so that calls which need attention are found.
VOICE_ACTIVITY = env.read("VOICE_ACTIVITY", "true", flag)
# From when on a call needs attention.
DEAD_AIR_SECONDS = env.read("DEAD_AIR_SECONDS", "10", whole_or_never(2, 3600))
SILENT_SIDE_SECONDS = env.read("SILENT_SIDE_SECONDS", "30", whole_or_never(2, 3600))
ONE_WAY_SECONDS = env.read("ONE_WAY_SECONDS", "20", whole_or_never(2, 3600))
GONE_STILL_SECONDS = env.read("GONE_STILL_SECONDS", "60", whole_or_never(2, 3600))
CLIPPING_PERCENT = env.read("CLIPPING_PERCENT", "1", whole_or_never(1, 100))
TALK_OVER_PERCENT = env.read("TALK_OVER_PERCENT", "30", whole_or_never(1, 100))
ATTENTION_WINDOW_SECONDS = env.read("ATTENTION_WINDOW_SECONDS", "10", whole(2, 300))
LONG_CALL_MINUTES = env.read("LONG_CALL_MINUTES", "20", whole_or_never(1, 1440))
# The same for what is said and done in calls, as far as the carrier tells it.
WATCHED_PHRASES = env.read("WATCHED_PHRASES", "", parse_phrases)
HUMAN_PHRASES = env.read("HUMAN_PHRASES", ";".join(ASKS_FOR_A_HUMAN), parse_phrases)
TOOL_FAILURES = env.read("TOOL_FAILURES", "2", whole_or_never(1, 50))
LLM_ERRORS = env.read("LLM_ERRORS", "1", whole_or_never(1, 50))
BARGE_INS_PER_MINUTE = env.read("BARGE_INS_PER_MINUTE", "4", whole_or_never(2, 50))
HOLD_SECONDS = env.read("HOLD_SECONDS", "120", whole_or_never(2, 3000))
SLOW_ANSWER_SECONDS = env.read("SLOW_ANSWER_SECONDS", "3", whole_or_never(1, 60))
