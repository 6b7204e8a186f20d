"""The stacks of a stage, as they are deployed: network, data, api, consumers, observability, site."""
