"""The archive of everything that a unit has: asked for on a page, made by the worker; on the command line, brought elsewhere."""
