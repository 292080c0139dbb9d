"""Version: which imgbatch is this?"""

VERSION = "0.1.0"
