"""What do users write, as type checkers see it? Read by mypy and pyright, never run (tests/contracts/test_typing.py).

``# type: ignore`` marks what must be an error; both checkers complain of one that is needless.
"""
