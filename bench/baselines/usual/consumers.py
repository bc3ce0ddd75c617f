"""A tap sends to a group of listeners, as in the chat of Channels' own tutorial."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from monitor.audio import g711


class TapSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """Sends each message of G.711 to the group as s16le."""

    async def connect(self) -> None:
        self.group = f"tap-{self.scope['url_route']['kwargs']['name']}"
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if bytes_data:
            pcm = g711.decode("PCMU", bytes_data)
            await self.channel_layer.group_send(self.group, {"type": "audio", "data": pcm})


class ListenSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Sends every message of the group to one listener."""

    async def connect(self) -> None:
        self.group = f"tap-{self.scope['url_route']['kwargs']['name']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def audio(self, event: dict[str, Any]) -> None:
        await self.send(bytes_data=event["data"])
