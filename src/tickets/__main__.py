"""`python -m tickets` is `tickets`."""

from tickets.cli import main

if __name__ == "__main__":
    main()
