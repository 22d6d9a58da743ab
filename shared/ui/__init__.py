"""The look and the front-end base that every page stands on."""
