"""Parley: the code that the Lambda functions share. Importing it opens no connection and reads no environment."""
