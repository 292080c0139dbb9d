"""Command line: what happens between the shell and the library?

The only room that parses words, prints, reads the environment and sets exit codes: dispatch finds the command, parse
makes its words arguments, precedence lays flags over environment over recipe, the command makes a run, report_run
carries it out and tells the reporters.
"""
