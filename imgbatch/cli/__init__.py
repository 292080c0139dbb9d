"""What happens between the shell and the library?

The only room that parses words, prints, reads the environment and sets exit codes. words -> parse.py (typed words
checked one by one) -> precedence.py (flags over environment over recipe) -> run.py (a Batch, told to the reporters).
"""
