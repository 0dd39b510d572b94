"""Write client_middleware/middleware.py: the modules that FastAPI and Starlette need, in one file to copy.

`python clients/python/single_file.py`, after a change of one of them.
"""

from __future__ import annotations

import ast
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = "netledger_client"
MODULES = ("events", "settings", "transport", "answers", "reporting", "exchanges", "asgi_routes", "asgi")
TARGET = HERE / "client_middleware" / "middleware.py"
HEADING = '''"""Counts the requests to a FastAPI or Starlette application for netledger; needs nothing but itself.

Copy the folder beside main.py, set API_BASE and NETLEDGER_KEY in the environment or in `.env`, or give the key here:

    from client_middleware.middleware import create_tracking_middleware

    app = FastAPI()
    app.middleware("http")(create_tracking_middleware(api_key="..."))

Made of the package netledger-client by its single_file.py.
"""

from __future__ import annotations

'''


def single_file() -> str:
    """The text of the file."""
    plain: set[str] = set()
    named: dict[str, set[str]] = {}
    bodies = []
    for module in MODULES:
        source = (HERE / PACKAGE / f"{module}.py").read_text(encoding="utf-8")
        nodes = ast.parse(source).body[1:]
        for node in nodes:
            for found in node.body if _is_for_types(node) and isinstance(node, ast.If) else [node]:
                _collect(found, plain, named)
        first = next(node for node in nodes if not _is_import(node))
        start = min([first.lineno, *(each.lineno for each in getattr(first, "decorator_list", ()))])
        bodies.append("".join(source.splitlines(keepends=True)[start - 1 :]).strip("\n"))
    imports = [f"import {name}" for name in sorted(plain)]
    imports += [f"from {name} import {', '.join(sorted(named[name], key=_rank))}" for name in sorted(named)]
    return HEADING + "\n".join(imports) + "\n\n" + "\n\n\n".join(bodies) + "\n"


def _collect(node: ast.stmt, plain: set[str], named: dict[str, set[str]]) -> None:
    if isinstance(node, ast.Import):
        plain.update(alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith((PACKAGE, "__future__")):
        named.setdefault(node.module, set()).update(alias.name for alias in node.names if alias.name != "TYPE_CHECKING")


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom)) or _is_for_types(node)


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _rank(name: str) -> tuple[int, str]:
    """Constants, classes, functions: as ruff sorts them."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name)


if __name__ == "__main__":
    TARGET.write_text(single_file(), encoding="utf-8")
