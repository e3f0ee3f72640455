"""What only lesson 08 measures and draws."""
