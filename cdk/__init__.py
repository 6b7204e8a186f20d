"""The AWS infrastructure of one stage, synthesized from the function manifest; it imports nothing of the chat."""
