"""What Parley costs on AWS: a month idle for each stage, and a million messages, from dated prices."""
