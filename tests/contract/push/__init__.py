"""The port PushClient: the fake and the real one, and the real one against gateways in every mood."""
