"""The command line: one file a command group, loaded when it is called."""

import gc


def main() -> None:
    """Run the command line, without the garbage collector: it finds nothing in imports, and took 15 ms of a command."""
    gc.disable()
    from exporter.cli.root import netledger  # noqa: PLC0415 - importing the package costs nothing

    try:
        netledger()
    finally:
        gc.freeze()  # the interpreter's last collection has nothing to visit then
