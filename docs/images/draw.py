"""Draw docs/images/month.svg and summary.svg: real commands over a seeded ledger (`make pictures`)."""

from __future__ import annotations

import io
import math
import os
import pty
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from exporter.ledger.schema import migrate
from reports.calendar.days import day_number

HERE = Path(__file__).parent
COLUMNS = 76
SLOT, DAY = 900, 86_400
HOME = ZoneInfo("Europe/Berlin")
EVENING_SHARES = (0.15, 0.1, 0.5, 0.7, 1.2, 2.0)
"""Of four hours each, from midnight on."""


def seed(path: Path, days: int = 400) -> None:
    """Write a ledger of a household: quiet weekdays, film nights at the weekend."""
    migrate(path)
    chance = random.Random(7)  # noqa: S311 - the picture must be the same each time
    today = datetime.now(UTC).date()
    with closing(sqlite3.connect(path)) as ledger:
        first = int(datetime.now(UTC).timestamp()) - days * 86_400
        ledger.execute("INSERT INTO state (name, value) VALUES ('timezone', 'Europe/Berlin')")
        ledger.execute(
            "INSERT INTO subject (meter, key, first_seen, last_seen) VALUES ('interface', 'eth0', ?, ?)",
            (first, first + days * 86_400),
        )
        ledger.execute("INSERT INTO interface_subject VALUES (1, 'eth0', 1, 1)")
        ledger.execute(
            "INSERT INTO meter (name, posting, boot_id, wall, elapsed) VALUES ('interface', 1, '', ?, 0)",
            ((first + days * 86_400) * 10**9,),
        )
        for back in range(days):
            day = today - timedelta(days=back)
            weekend = 2.2 if day.weekday() >= 5 else 1.0  # noqa: PLR2004 - Saturday and Sunday
            received = int(weekend * math.exp(chance.gauss(22.6, 0.45)))
            ledger.execute(
                "INSERT INTO interface_day (day, subject, receive_bytes, transmit_bytes, peak_speed)"
                " VALUES (?, 1, ?, ?, 11843210)",
                (day_number(day), received, int(received * chance.uniform(0.06, 0.16))),
            )
        _seed_hours(ledger, chance)
        ledger.commit()


def _seed_hours(ledger: sqlite3.Connection, chance: random.Random) -> None:
    """Quarter hours of the last two days, which are the sum of theirs until now."""
    now = int(datetime.now(UTC).timestamp()) // SLOT * SLOT
    ledger.execute("DELETE FROM interface_day WHERE day >= ?", (day_number(datetime.now(UTC).date()) - 1,))
    for slot in range(now // DAY * DAY - DAY, now, SLOT):
        hour = datetime.fromtimestamp(slot, HOME).hour
        received = int(EVENING_SHARES[hour // 4] * math.exp(chance.gauss(18.9, 0.5)))
        row = {"slot": slot, "day": day_number(datetime.fromtimestamp(slot, HOME).date()), "received": received}
        row["sent"] = int(received * chance.uniform(0.06, 0.16))
        ledger.execute(
            "INSERT INTO interface_slot (slot, subject, receive_bytes, transmit_bytes)"
            " VALUES (:slot, 1, :received, :sent)",
            row,
        )
        ledger.execute(
            "INSERT INTO interface_day (day, subject, receive_bytes, transmit_bytes, peak_speed)"
            " VALUES (:day, 1, :received, :sent, 11843210) ON CONFLICT DO UPDATE SET"
            " receive_bytes = receive_bytes + :received, transmit_bytes = transmit_bytes + :sent",
            row,
        )


def record(command: list[str], environment: dict[str, str]) -> str:
    """Run a command on a terminal of our own and return what it draws."""
    master, slave = pty.openpty()
    with subprocess.Popen(command, stdout=slave, stderr=slave, env=environment) as process:  # noqa: S603 - our command
        os.close(slave)
        drawn = b""
        while chunk := _read(master):
            drawn += chunk
        process.wait()
    os.close(master)
    return drawn.decode().replace("\r\n", "\n")


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # the other end is closed: the command has ended
        return b""


def main() -> None:
    """Seed, run, draw."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger.db"
        seed(ledger)
        environment = os.environ | {
            "NETLEDGER_LEDGER_PATH": str(ledger),
            "COLUMNS": str(COLUMNS),
            "TERM": "xterm-256color",
        }
        command = [sys.executable, "-m", "exporter"]
        drawn = record([*command, "month"], environment)
        image = [*command, "image", "summary", "--force", "--output", str(HERE / "summary.svg")]
        subprocess.run(image, check=True, env=environment)  # noqa: S603 - our command
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text("$ netledger month", style="bold green"))
    console.print(Text.from_ansi(drawn))
    # rich names fonts on somebody's server: a picture that asks nobody falls back to the reader's own
    picture = re.sub(r"@font-face {.*?}", "", console.export_svg(title="netledger"), flags=re.DOTALL)
    (HERE / "month.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
