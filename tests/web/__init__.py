"""The packages of web/: their own checks and tests, run by Node, and what they share with the rest of the project."""
