"""Service: how does imgbatch work where nobody types? By the clock, or whenever files come."""
