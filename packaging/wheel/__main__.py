"""`python -m netledger` is `netledger`."""

from netledger import main

main()
