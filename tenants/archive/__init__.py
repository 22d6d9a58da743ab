"""Everything of one tenant as one file, and that file brought into another installation: docs/archive.md."""
