"""Labels: what a user writes into the metadata of pictures: artist, copyright, title, description and keywords."""
