"""Run the command as ``python -m hotstars``."""

from hotstars.main import main

main()
