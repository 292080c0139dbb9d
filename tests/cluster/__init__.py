"""Real components: other machines, engines and stores, as far as one machine can show them; skipped where they miss."""
