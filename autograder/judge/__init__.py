"""From evidence to a verdict. Trusted; runs no student code."""
