"""What lesson 02 measures on this machine, and how it draws that."""
