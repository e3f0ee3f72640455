"""How the shipped networks were made: `python -m quantlab.zoo.train NAME`."""
