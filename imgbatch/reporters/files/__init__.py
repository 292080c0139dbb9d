"""Files of reports: how is a run written down?"""
