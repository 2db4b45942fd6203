"""`python -m mirror` is the console script `mirror`."""

from mirror.cli import main

if __name__ == "__main__":
    main()
