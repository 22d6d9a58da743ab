"""Reading ledgers as clerks keep them: pure, in memory, for any region whose profile is given."""
