"""What only lesson 09 measures, breaks and draws."""
