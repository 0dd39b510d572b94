from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.meters.applications.names.processes import Processes, process_name
from exporter.meters.applications.names.text import safe_name
from exporter.meters.applications.settings import LONGEST_NAME
from exporter.meters.applications.state import SPECIALS
from exporter.meters.applications.traffic import Owner

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("command", "line", "name"),
    [
        ("curl", "", "curl"),
        ("python3", "python3 -m http.server 8000", "http.server"),
        ("python3", "/usr/bin/python3 /opt/x/backup.py --all", "backup.py"),
        ("python3.11", "-u -W ignore /opt/x/backup.py", "backup.py"),
        ("python3", "python3 -Im http.server", "http.server"),
        ("python3", "python3 -mhttp.server", "http.server"),
        ("python3", "/venv/bin/python3 /venv/bin/gunicorn app:app", "gunicorn"),
        ("python3", "python3 /usr/share/tool/__main__.py", "tool"),
        ("python3", "python3 -c print(1)", "python3"),
        ("python3", "python3 -uc print(1)", "python3"),
        ("python3", "python3 -", "python3"),
        ("python3", "python3", "python3"),
        ("python3", "", "python3"),
        ("python3", "-u", "python3"),
        ("pypy3", "pypy3 x.py", "x.py"),
        ("node", "node --max-old-space-size=4096 -r dotenv/config /srv/app/server.js", "server.js"),
        ("MainThread", "node /srv/app/server.js", "server.js"),
        ("node-MainThread", "/srv/app/server.js", "server.js"),
        ("MainThread", "", "MainThread"),
        ("node", "node -e code", "node"),
        ("deno", "deno run --allow-net main.ts", "main.ts"),
        ("bun", "bun run server.ts", "server.ts"),
        ("java", "java -Xmx1g -jar /opt/app/app.jar --x", "app.jar"),
        ("java", "java -cp /a:/b org.example.Main", "org.example.Main"),
        ("java", "java -p mods -m com.example/com.example.Main", "com.example/com.example.Main"),
        ("ruby", "ruby -I lib /srv/puma", "puma"),
        ("ruby", "ruby -e puts", "ruby"),
        ("perl", "perl -w /usr/bin/exim-stats", "exim-stats"),
        ("perl", "perl -we code", "perl"),
        ("php", "php -d memory_limit=1G artisan queue:work", "artisan"),
        ("php", "php -f /srv/job.php", "job.php"),
        ("bash", "bash /usr/local/bin/backup.sh", "backup.sh"),
        ("bash", "bash -c curl", "bash"),
        ("bash", "-bash", "bash"),
        ("sh", "sh -x -e deploy.sh", "deploy.sh"),
        ("sh", "sh -- deploy.sh", "deploy.sh"),
        ("sh", "sh -euo pipefail deploy.sh", "deploy.sh"),
        ("bash", "bash -ec curl", "bash"),
        ("bash", "bash /dev/fd/3", "bash"),
        ("bash", "bash /proc/self/fd/11", "bash"),
        ("python3", "python3 -Xfrozen_modules=off -Wignore::DeprecationWarning -m pytest", "pytest"),
        ("python3", "python3 -X dev --check-hash-based-pycs never x.py", "x.py"),
        ("ruby", "ruby -Ilib -rbundler/setup /srv/puma", "puma"),
        ("perl", "perl -MCarp -i.bak -0777 -ne code", "perl"),
        ("perl", "perl -MCarp -l munin.pl", "munin.pl"),
        ("node", "node --env-file=.env --require ./x.js server.js", "server.js"),
        ("kworker/u8:3-rpciod", "", "kworker"),
        # Parts of an application.
        ("Socket Process", "", "firefox"),
        ("Isolated Web Co", "/usr/lib/thunderbird/thunderbird -contentproc -childID 3", "thunderbird"),
        ("Web Content", "/usr/lib/firefox-esr/firefox-esr -contentproc", "firefox-esr"),
        ("RDD Process", "", "firefox"),
        ("GeckoMain", "", "firefox"),
        ("chromium-browse", "", "chromium"),
        ("chrome_crashpad", "", "chrome"),
        ("Slack Helper (Renderer)", "", "Slack"),
        ("Google Chrome Helper", "", "Google Chrome"),
        ("Google Chrome H", "", "Google Chrome"),
        ("Google Chrome He", "", "Google Chrome"),
        ("Team H", "", "Team H"),
        ("nginx: worker process", "", "nginx"),
        ("gunicorn: maste", "", "gunicorn"),
        ("sshd-session", "", "sshd"),
        (": x", "", ": x"),
    ],
)
def test_a_process_is_called_by_its_program(command: str, line: str, name: str) -> None:
    assert process_name(command, tuple(line.split())) == name


def process(proc: Path, pid: int, command: bytes, line: bytes = b"") -> None:
    (proc / str(pid)).mkdir()
    (proc / str(pid) / "comm").write_bytes(command + b"\n")
    (proc / str(pid) / "cmdline").write_bytes(line)


def test_the_command_line_of_an_interpreter_is_read_while_it_runs(tmp_path: Path) -> None:
    process(tmp_path, 7, b"python3", b"python3\0/opt/backup.py\0--all\0")

    processes = Processes(tmp_path)

    assert processes.name_of(Owner("python3", pid=7)) == "backup.py"
    assert processes.name_of(Owner(pid=7)) == "backup.py"
    assert processes.name_of(Owner("python3", pid=8)) == "python3"
    assert processes.name_of(Owner("python3")) == "python3"


def test_first_words_that_name_no_script_are_read_again_in_full(tmp_path: Path) -> None:
    process(tmp_path, 7, b"java", b"java\0-Xmx1g\0-Dx=y\0-jar\0/opt/app.jar\0")

    assert Processes(tmp_path).name_of(Owner("java", arguments=("-Xmx1g", "-Dx=y"), pid=7)) == "app.jar"
    assert Processes(tmp_path).name_of(Owner("java", arguments=("-Xmx1g", "-Dx=y"))) == "java"


def test_a_path_that_is_cut_names_no_script(tmp_path: Path) -> None:
    cut = ("/" + "x" * 30 + "/" + "y" * 60)[:63]
    process(tmp_path, 7, b"python3", f"python3\0{cut}yyy/backup.py\0".encode())

    assert Processes(tmp_path).name_of(Owner("python3", arguments=(cut,))) == "python3"
    assert Processes(tmp_path).name_of(Owner("python3", arguments=("-m", cut))) == "python3"
    assert Processes(tmp_path).name_of(Owner("python3", arguments=(cut,), pid=7)) == "backup.py"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("0::/system.slice/nginx.service\n", "/system.slice/nginx.service"),
        ("12:pids:/a\n1:name=systemd:/system.slice/ssh.service\n0::/\n", "/system.slice/ssh.service"),
        ("1:name=systemd:/a:b\n0::/c:d\n", "/c:d"),
        ("0::/\n", None),
        ("", None),
        ("nonsense\n::\n", None),
    ],
)
def test_the_cgroup_of_a_process_is_read_while_it_runs(tmp_path: Path, text: str, path: str | None) -> None:
    process(tmp_path, 7, b"nginx")
    (tmp_path / "7/cgroup").write_text(text, encoding="utf-8")

    assert Processes(tmp_path).cgroup_of(Owner("nginx", pid=7)) == path
    assert Processes(tmp_path).cgroup_of(Owner("other", pid=7)) is None
    assert Processes(tmp_path).cgroup_of(Owner("nginx")) is None
    assert Processes(tmp_path).cgroup_of(Owner("nginx", pid=8)) is None


def test_a_part_of_thunderbird_is_thunderbird_while_it_runs(tmp_path: Path) -> None:
    process(tmp_path, 7, b"Socket Process", b"/usr/lib/thunderbird/thunderbird\0-contentproc\0")

    assert Processes(tmp_path).name_of(Owner("Socket Process", pid=7)) == "thunderbird"
    assert Processes(tmp_path).name_of(Owner("Socket Process", pid=8)) == "firefox"


def test_a_pid_that_another_process_has_now_names_nothing(tmp_path: Path) -> None:
    process(tmp_path, 7, b"node", b"node\0/opt/server.js\0")

    assert Processes(tmp_path).name_of(Owner("python3", pid=7)) == "python3"


def test_without_a_name_and_a_process_there_is_none(tmp_path: Path) -> None:
    assert Processes(tmp_path).name_of(Owner(pid=7)) is None
    assert Processes(tmp_path).name_of(Owner()) is None


def test_a_process_whose_files_are_odd_keeps_its_name(tmp_path: Path) -> None:
    process(tmp_path, 7, b"\xff\n\x1b[31m", b"\xff\xfe" * 9000)
    process(tmp_path, 8, b"python3", b"\0" * 5000)
    (tmp_path / "9").mkdir()

    processes = Processes(tmp_path)

    assert processes.name_of(Owner(pid=7)) == "\ufffd\n\x1b[31m"
    assert processes.name_of(Owner("python3", pid=8)) == "python3"
    assert processes.name_of(Owner("python3", pid=9)) == "python3"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("firefox", "firefox"),
        ("Google Chrome", "Google Chrome"),
        ("größe", "größe"),
        ("日本", "日本"),
        ("  padded ", "padded"),
        ("", "unnamed"),
        (" ", "unnamed"),
        ("a\nb\x1b[2J", "a\ufffdb\ufffd[2J"),
        ("evil\u202etxt\u200b", "evil\ufffdtxt\ufffd"),
        ("half\ud800", "half\ufffd"),
        ("(kernel)", "[kernel]"),
        (" (other) ", "[other]"),
        ("(sd-pam)", "[sd-pam]"),
        ("()", "[]"),
        ("(", "("),
        ("Slack (beta)", "Slack (beta)"),
        ("x" * 300, "x" * (LONGEST_NAME - 1) + "…"),
    ],
)
def test_a_name_is_made_safe(text: str, name: str) -> None:
    assert safe_name(text) == name


@given(st.text(max_size=400))
def test_a_safe_name_is_short_printable_and_special_never(text: str) -> None:
    name = safe_name(text)

    assert 1 <= len(name) <= LONGEST_NAME
    assert name.isprintable()
    assert name not in SPECIALS
    assert safe_name(name) == name


WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["-m", "-c", "-jar", "--", "-", "python3", "node", "-Im", "/a/b.py", "__main__.py", "x/", "-x"]),
    st.text(alphabet=string.ascii_letters + "-+./\\", max_size=8),
)
COMMANDS = st.one_of(
    st.text(max_size=16),
    st.sampled_from(["python3", "node", "MainThread", "java", "bash", "deno", "Web Content", "php"]),
)


@given(COMMANDS, st.lists(WORDS, max_size=6))
def test_no_command_line_is_too_odd(command: str, words: list[str]) -> None:
    assert safe_name(process_name(command, tuple(words))).isprintable()
