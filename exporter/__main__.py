"""`python -m exporter` is `netledger`."""

from exporter.cli import main

main()
