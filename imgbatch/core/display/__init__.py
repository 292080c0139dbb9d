"""Display: how does a result look as the last line of a notebook's cell? A room that only notebooks enter."""
