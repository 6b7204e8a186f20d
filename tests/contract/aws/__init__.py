"""What AWS documents of the services that the twin imitates, a small test for each, with its source."""
