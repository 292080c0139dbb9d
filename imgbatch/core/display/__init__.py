"""Display: how does a value look in a notebook's cell or at a prompt? A room that nothing else enters."""
