"""`netledger live` on a terminal: a line that is written again, and what moved at its end."""

from __future__ import annotations

import re
import signal
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("termios")

from tests.worlds.pseudo_terminal import CONTROL, PseudoTerminal

if TYPE_CHECKING:
    from tests.exporter.cli.service_process import Service


@pytest.mark.parametrize("by_key", [True, False])
def test_ctrl_c_ends_it_with_what_moved(service: Service, *, by_key: bool) -> None:
    service.start()
    environ = {"HOME": str(service.folder), "NETLEDGER_LEDGER_PATH": str(service.ledger)}
    program = [sys.executable, "-m", "exporter", "live", *([] if by_key else ["--count", "2"])]

    with closing(PseudoTerminal(program, environ)) as screen:
        screen.until(lambda text: text.count("receive") == 2)
        if by_key:
            screen.send(signal.SIGINT)
        code = screen.ended()

    text = CONTROL.sub("", screen.text)
    assert code == 0
    assert re.search(r"\nIn \d+\.\d seconds\n", text)
    assert [line.split()[0] for line in text.splitlines() if line.strip()][-3:] == ["Moved", "Average", "Highest"]
    assert "Traceback" not in text
