"""Rules and types of the chat: no input or output, the standard library only."""
