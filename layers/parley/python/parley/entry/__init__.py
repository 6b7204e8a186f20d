"""From Lambda's events to the services and back: a module for each kind of trigger. They hold no rule of the chat."""
