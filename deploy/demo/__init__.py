"""The demo: its organisations and people, their identity provider, and the command that runs all of it on one machine.

Names of places stand here and in the policy packs only. No organisation or person of the demo exists.
"""
