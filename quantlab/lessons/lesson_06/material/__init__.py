"""What lesson 06 measures and draws."""
