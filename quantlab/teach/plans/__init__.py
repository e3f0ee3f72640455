"""A learner's plan for a shipped model, as plain data, and the trial that carries it out."""
