"""Records: how are a million values kept in little memory? As bytes in one temporary file, and in arrays of numbers."""
