"""Internal notices (公示): publish, count the days, objections, close; used by every slice that needs a notice."""
