"""What can be taken along: one file a format, one registry."""
