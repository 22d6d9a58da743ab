"""The legal calendar: which days are working days, and when a period ends."""
