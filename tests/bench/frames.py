"""Traffic on veth devices: one frame on each, again and again, so that every counter moves."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.bench.places import Place

LOCAL_EXPERIMENT = 0x88B5
"""The ethertype that IEEE 802 sets apart for experiments: no stack answers it."""
FRAME = b"\xff" * 6 + b"\x02" * 6 + LOCAL_EXPERIMENT.to_bytes(2, "big") + bytes(400)


@contextmanager
def frames_on(place: Place, *, every_seconds: float) -> Iterator[None]:
    """While the block runs, put a frame on every device of the place; nothing where it has none of its own."""
    sender = place.packet_socket()
    if sender is None:
        yield
        return
    stopped = Event()
    thread = Thread(target=_send, args=(sender, place.devices, every_seconds, stopped))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        sender.close()


def _send(sender: socket.socket, devices: tuple[str, ...], every_seconds: float, stopped: Event) -> None:
    while not stopped.wait(every_seconds):
        for device in devices:
            sender.sendto(FRAME, (device, LOCAL_EXPERIMENT))
