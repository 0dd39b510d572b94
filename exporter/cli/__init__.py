"""The command line: one file a command group, loaded when it is called."""


def main() -> None:
    """Run the command line."""
    from exporter.cli.root import netledger  # noqa: PLC0415 - importing the package costs nothing

    netledger()
