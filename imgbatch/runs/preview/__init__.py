"""Preview: what would a run do, and what would it cost? Its explanation and its estimate."""
