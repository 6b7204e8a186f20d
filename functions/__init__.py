"""The Lambda functions, one folder each, and the manifest that says what triggers them."""
