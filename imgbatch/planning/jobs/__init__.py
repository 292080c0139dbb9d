"""Jobs: may each of them write its files, and where are they until they are done?"""
