"""What every endpoint of the API is made of: who calls, what is read, what is written back."""
