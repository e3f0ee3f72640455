"""What lesson 06 asks: fold, equalize, correct, round, and which tool for which symptom."""
