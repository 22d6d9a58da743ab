"""Set-up and the targets of the Makefile. Standard library only: it runs before anything is installed."""
